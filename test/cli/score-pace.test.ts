/** What stands beside the bar while candidates are scored. */

import { expect, it } from "vitest";
import { createScorePace } from "#src/cli/score-pace.js";

it("tells tokens a second and the time that is left, by the last half minute", () => {
  let time = 0;
  const pace = createScorePace(() => time);
  const at = (seconds: number, done: number, tokens: number): string => {
    time = seconds;
    return pace({ done, total: 1000, tokens });
  };
  expect(at(0, 0, 0)).toBe("");
  // Cached: 200 at once, no tokens.
  expect(at(1, 200, 0)).toBe("4 s");
  // From then on 10 a second with 500 tokens.
  for (let second = 2; second < 40; second++) at(second, 200 + (second - 1) * 10, (second - 1) * 500);
  expect(at(40, 590, 19_500)).toBe("500 tok/s, 41 s");
});

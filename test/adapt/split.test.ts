/** Which queries are held out. */

import { expect, it } from "vitest";
import { chooseHeldOut, queryKey } from "#src/adapt/split.js";

const keys = Array.from({ length: 100 }, (_, at) => `query ${at}`);
const settings = { heldOut: 0.2, maxHeldOut: 500, seed: 42 };

it("takes a share, at most so many, by seed and text alone", () => {
  const chosen = chooseHeldOut(keys, settings);
  expect(chosen.size).toBe(20);
  expect(chooseHeldOut(keys.toReversed(), settings)).toEqual(chosen);
  expect(chooseHeldOut(keys, { ...settings, seed: 43 })).not.toEqual(chosen);
  const fewer = chooseHeldOut(keys, { ...settings, maxHeldOut: 5 });
  expect(fewer.size).toBe(5);
  for (const key of fewer) expect(chosen.has(key)).toBe(true);
  expect(chooseHeldOut(keys.slice(0, 11), settings).size).toBe(3);
});

it("takes texts that differ in case and space for one query", () => {
  expect(queryKey("  Who\tis\n there? ")).toBe(queryKey("who is THERE?"));
  expect(queryKey("who is here?")).not.toBe(queryKey("who is there?"));
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createSchedule, type Schedule } from "#src/train/schedule.js";
import { expectClose } from "../support/close.js";

interface Run {
  readonly schedule: Schedule;
  readonly warmupSteps: number;
  readonly steps: number;
  readonly factors: number[];
}

const runs: Run[] = JSON.parse(readFileSync(new URL("../golden/schedules.json", import.meta.url), "utf8"));

describe("schedules are those of transformers (test/golden/make_schedules.py)", () => {
  it.each(runs)("$schedule, $warmupSteps of $steps", ({ factors, ...options }) => {
    expect(factors.length).toBe(options.steps);
    const factorAt = createSchedule(options);
    expectClose(
      factors.map((_, step) => factorAt(step)),
      factors,
      1e-15,
    );
  });
});

it.each([
  ["constant", 1],
  ["linear", 0],
  ["cosine", 0],
] as const)("%s stays at %d after the end", (schedule, end) => {
  for (const warmupSteps of [0, 3, 10]) {
    const factorAt = createSchedule({ schedule, warmupSteps, steps: 10 });
    expect([10, 11, 1000].map(factorAt)).toEqual([end, end, end]);
  }
});

it.each([
  [-1, 10],
  [11, 10],
  [0.5, 10],
  [0, Number.NaN],
])("refuses %d steps of warm-up in %d", (warmupSteps, steps) => {
  expect(() => createSchedule({ schedule: "linear", warmupSteps, steps })).toThrow(
    expect.objectContaining({ code: "invalid_argument" }),
  );
});

import { expect, it } from "vitest";
import { paceStep, type SelfPacedState, startSelfPaced, type TaskLosses } from "#src/train/self-paced.js";

const factorsOf = ({ tasks }: SelfPacedState): Record<string, number> =>
  Object.fromEntries(Object.entries(tasks).map(([task, { factor }]) => [task, factor]));

function run(state: SelfPacedState, steps: readonly TaskLosses[], refreshSteps: number): SelfPacedState {
  return steps.reduce((paced, losses) => paceStep(paced, losses, refreshSteps), state);
}

it("leaves every factor at 1 until the second refresh", () => {
  const state = run(startSelfPaced(["qa", "tool"]), [{ qa: 9 }, { tool: 1 }, { qa: 5 }], 2);
  expect(factorsOf(state)).toEqual({ qa: 1, tool: 1 });
});

it("is the loss over the first loss, over the mean of the tasks", () => {
  const steps = [{ qa: 4 }, { tool: 1 }, { qa: 2 }, { tool: 1 }]; // means at the start: qa 3, tool 1
  const first = run(startSelfPaced(["qa", "tool"]), steps, 4);
  const second = run(first, [{ qa: 1 }, { tool: 1 }, { qa: 2 }, { tool: 1 }], 4);
  // Ratios 1.5 / 3 and 1 / 1, mean 0.75.
  expect(factorsOf(second)).toEqual({ qa: 0.5 / 0.75, tool: 1 / 0.75 });
  // The start stays the start: 3 / 3 and 0.5 / 1, mean 0.75.
  const third = run(second, [{ qa: 3, tool: 0.5 }, { qa: 3 }, { qa: 3 }, { tool: 0.5 }], 4);
  expect(factorsOf(third)).toEqual({ qa: 1 / 0.75, tool: 0.5 / 0.75 });
});

it("stays between 0.5 and 2", () => {
  const start = run(startSelfPaced(["a", "b", "c", "d"]), [{ a: 1, b: 1, c: 1, d: 1 }], 1);
  // Ratios 10, 1, 1, 0: mean 3.
  expect(factorsOf(run(start, [{ a: 10, b: 1, c: 1, d: 0 }], 1))).toEqual({ a: 2, b: 0.5, c: 0.5, d: 0.5 });
});

it("keeps the ratio of a task that was not seen, and leaves out one never seen", () => {
  const start = run(startSelfPaced(["a", "b", "never"]), [{ a: 1, b: 1 }], 1);
  const fallen = run(start, [{ a: 0.5, b: 1 }], 1);
  const later = run(fallen, [{ b: 1 }], 1); // ratios 0.5 (kept) and 1, mean 0.75
  expect(factorsOf(later)).toEqual({ a: 0.5 / 0.75, b: 1 / 0.75, never: 1 });
});

it("starts a task late, at its own first loss", () => {
  const start = run(startSelfPaced(["a", "late"]), [{ a: 1 }, { a: 0.5, late: 8 }], 1);
  // Ratios 0.5 and 8 / 8, mean 0.75.
  expect(factorsOf(start)).toEqual({ a: 0.5 / 0.75, late: 1 / 0.75 });
});

it("has factor 1 where losses are 0", () => {
  const start = run(startSelfPaced(["a", "b"]), [{ a: 0, b: 1 }], 1);
  expect(factorsOf(run(start, [{ a: 0, b: 1 }], 1))).toEqual({ a: 1, b: 1 });
  const solved = run(startSelfPaced(["a"]), [{ a: 1 }, { a: 0 }], 1);
  expect(factorsOf(solved)).toEqual({ a: 1 });
});

it("refreshes every 1,000 steps unless told otherwise", () => {
  let state = run(startSelfPaced(["a", "b"]), [{ a: 1, b: 1 }], 1);
  for (let step = 0; step < 999; step++) state = paceStep(state, { a: 0.5, b: 1 });
  expect(factorsOf(state)).toEqual({ a: 1, b: 1 });
  expect(factorsOf(paceStep(state, { a: 0.5, b: 1 }))).toEqual({ a: 0.5 / 0.75, b: 1 / 0.75 });
});

it("goes on from its JSON as if it had never stopped, and changes no state", () => {
  const losses = Array.from({ length: 23 }, (_, step) => ({ a: 1 / (step + 3), b: Math.sin(step) + 2 }));
  const whole = run(startSelfPaced(["a", "b"]), losses, 5);
  const half = run(startSelfPaced(["a", "b"]), losses.slice(0, 12), 5);
  const stored = JSON.stringify(half);
  expect(run(JSON.parse(stored), losses.slice(12), 5)).toEqual(whole);
  run(half, losses.slice(12), 5);
  expect(JSON.stringify(half)).toBe(stored);
});

it("refuses an unknown task and a loss that is not finite", () => {
  const state = startSelfPaced(["qa"]);
  for (const losses of [{ chat: 1 }, { qa: Number.NaN }, { qa: Number.POSITIVE_INFINITY }]) {
    expect(() => paceStep(state, losses)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  }
});

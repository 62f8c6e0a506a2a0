import { expect, it } from "vitest";
import { createPace, duration, shortNumber } from "#src/cli/pace.js";

const entry = { loss: 1, learningRate: 5e-5, gradientNorm: 1, tokens: 1000, seconds: 0.5 };

it("says the mean loss, the rate and the time left", () => {
  const pace = createPace();
  expect(pace({ ...entry, step: 1, learningRate: 0 }, 11)).toBe("loss 1.00, lr 0, 2.0k tok/s, 5 s");
  // (1 + 2) / 2; 2,000 tokens in 2 s; nine steps of 1 s.
  const second = { ...entry, step: 2, loss: 2, seconds: 1.5 };
  expect(pace(second, 11)).toBe("loss 1.50, lr 5.0e-5, 1.0k tok/s, 9 s");
});

it("looks back at the last twenty updates alone", () => {
  const pace = createPace();
  for (let step = 1; step <= 5; step++) pace({ ...entry, step, loss: 100 }, 100);
  for (let step = 6; step <= 24; step++) pace({ ...entry, step }, 100);
  expect(pace({ ...entry, step: 25 }, 100)).toMatch(/^loss 1\.00, /);
});

it.each([
  [0.4, "0 s"],
  [89, "89 s"],
  [90, "2 min"],
  [5399, "1 h 30 min"],
  [12_000, "3 h 20 min"],
])("%d seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

it.each([
  [830.4, "830"],
  [2410, "2.4k"],
  [22_600_000, "22.6M"],
])("%d is %s", (value, text) => {
  expect(shortNumber(value)).toBe(text);
});

/** Comparing arrays of numbers, with a message that says where they differ most. */

import { expect } from "vitest";

/** Every |got - want| is at most `tolerance` · max(1, |want|). */
export function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  expect(got.length, "number of elements").toBe(want.length);
  let worst = { index: -1, error: 0, got: 0, want: 0 };
  for (let index = 0; index < want.length; index++) {
    const [g, w] = [got[index] as number, want[index] as number];
    const error = Math.abs(g - w) / Math.max(1, Math.abs(w));
    if (!(error <= worst.error))
      worst = { index, error: Number.isNaN(error) ? Infinity : error, got: g, want: w };
  }
  const place = `worst at ${worst.index}: got ${worst.got}, want ${worst.want}`;
  expect(worst.error, place).toBeLessThanOrEqual(tolerance);
}

/** |got - want| / |want|, lengths of vectors; infinite for what is no number. */
export function relativeError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  expect(got.length, "number of elements").toBe(want.length);
  const differences = Array.from(want, (value, at) => value - (got[at] ?? Number.NaN));
  const error = Math.hypot(...differences) / Math.hypot(...Array.from(want));
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
}

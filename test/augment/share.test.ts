import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shareTokens } from "#src/augment/compose/share.js";

/** A claim for items of the given sizes. */
const claim = (sizes: readonly number[]) => ({
  size: sizes.length,
  cost: (count: number) => sizes.slice(0, count).reduce((sum, size) => sum + size, 0),
});

describe("shareTokens", () => {
  it("gives equal parts, and what one leaves to those after it", () => {
    const tens = [10, 10, 10, 10, 10, 10];
    expect(shareTokens(60, [claim(tens), claim(tens), claim(tens)])).toEqual([2, 2, 2]);
    // The first needs 10 of its 20: 50 are left for two.
    expect(shareTokens(60, [claim([10]), claim(tens), claim(tens)])).toEqual([1, 2, 3]);
    // The last needs nothing: its part goes to the first in line, once all had their turn.
    expect(shareTokens(60, [claim(tens), claim(tens), claim([])])).toEqual([4, 2, 0]);
  });

  it("stops at the first item that does not fit", () => {
    expect(shareTokens(30, [claim([10, 40, 5])])).toEqual([1]);
    expect(shareTokens(0, [claim([1])])).toEqual([0]);
    expect(shareTokens(-5, [claim([1])])).toEqual([0]);
  });

  it("never spends more than there is, and leaves nothing that the next item of anybody would fit", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 10 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.array(sizes, { maxLength: 5 }), (budget, lists) => {
        const counts = shareTokens(budget, lists.map(claim));
        const spent = lists.reduce((sum, list, at) => sum + claim(list).cost(counts[at] ?? 0), 0);
        expect(spent).toBeLessThanOrEqual(budget);
        for (const [at, list] of lists.entries()) {
          const next = list[counts[at] ?? 0];
          if (next !== undefined) expect(next).toBeGreaterThan(budget - spent);
        }
      }),
    );
  });
});

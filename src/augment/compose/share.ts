/** How a budget of tokens is shared. Knows nothing of what is bought. */

/** Somebody who wants tokens for a list of items, in the order of the list. */
export interface Claim {
  readonly size: number;
  /** Tokens of the first `count` items together; `cost(0)` is 0. */
  cost(count: number): number;
}

/**
 * How many items each claim gets, in the order of `claims`.
 *
 * The rule: each in turn may spend an equal part of what is left (so what one does not need goes to those after it)
 * and takes items until the next one does not fit; what is left over at the end is offered once more in the same
 * order. The costs together never exceed `budget`.
 */
export function shareTokens(budget: number, claims: readonly Claim[]): number[] {
  let left = Math.max(0, budget);
  const first = claims.map((claim, index) => {
    const count = affordable(claim, 0, left / (claims.length - index));
    left -= claim.cost(count);
    return count;
  });
  return claims.map((claim, index) => {
    const before = first[index] ?? 0;
    const count = affordable(claim, before, left + claim.cost(before));
    left -= claim.cost(count) - claim.cost(before);
    return count;
  });
}

function affordable(claim: Claim, from: number, allowance: number): number {
  let count = from;
  while (count < claim.size && claim.cost(count + 1) <= allowance) count++;
  return count;
}

/** The order in which values can be computed. */

import type { Value } from "./value.ts";

/**
 * Every value that `roots` need, each after its operands; what the values `given` are computed from is left out.
 * Iterative: graphs may be thousands of nodes deep.
 */
export function inOrder(roots: readonly Value[], given: Iterable<Value> = []): readonly Value[] {
  const done = new Set(given);
  const pending = [...roots].reverse();
  for (let value = pending.at(-1); value !== undefined; value = pending.at(-1)) {
    const operands = value.source.kind === "computed" ? value.source.operands : [];
    const missing = done.has(value) ? [] : operands.filter((operand) => !done.has(operand));
    if (missing.length === 0) {
      done.add(value);
      pending.pop();
    } else {
      pending.push(...missing.reverse());
    }
  }
  return [...done];
}

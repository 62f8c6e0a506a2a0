/** Random filters and metadata, hostile on purpose. */

import fc from "fast-check";
import type { Comparison, Filter, Scalar } from "#src/store/index.js";

const HOSTILE = [
  "'",
  "''",
  "\\",
  "\\'",
  '"',
  "`",
  "$",
  "--",
  "/*",
  ";",
  ") or (true",
  "\u0000",
  "\n",
  "%",
  "\u{1F600}",
];

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.array(fc.constantFrom(...HOSTILE, "a", "B", " "), { maxLength: 4 }).map((parts) => parts.join("")),
);

const number = fc
  .oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .map((value) => value + 0); // no -0: texts do not tell it from 0

export const scalar: fc.Arbitrary<Scalar> = fc.oneof(text, number, fc.boolean());

/** Any key, and some that would be words of the language or columns of a table. */
export const anyKey = fc.oneof(
  fc.constantFrom(
    "year",
    "and",
    "NOT",
    "null",
    "true",
    "id",
    "vector",
    "a.b",
    "_from",
    "",
    "é",
    "s$year",
    "toString",
  ),
  text,
);

const comparison = fc.constantFrom<Comparison>("=", "!=", "<", "<=", ">", ">=");

/** Filters over the given keys and values; lists hold any number of conditions but one. */
export function filters(key: fc.Arbitrary<string>, value: fc.Arbitrary<Scalar>): fc.Arbitrary<Filter> {
  const condition: fc.Arbitrary<Filter> = fc.oneof(
    fc.record({ field: key, op: comparison, value }),
    fc.record({ field: key, in: fc.array(value, { maxLength: 4 }) }),
    fc.record({ field: key, exists: fc.boolean() }),
  );
  const { filter } = fc.letrec<{ filter: Filter }>((tie) => {
    const parts = fc.array(tie("filter"), { maxLength: 3 }).filter((list) => list.length !== 1);
    return {
      filter: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        condition,
        fc.record({ not: tie("filter") }),
        fc.record({ and: parts }),
        fc.record({ or: parts }),
      ),
    };
  });
  return filter;
}

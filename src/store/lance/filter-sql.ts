/**
 * Filters as SQL for LanceDB. Two-valued: no part is ever NULL. Values are literals, escaped here and nowhere else; keys
 * appear only as encoded column names that exist, so no text of a user reaches the SQL unquoted.
 */

import type { Comparison, Filter, Scalar } from "../filter.ts";
import { columnOf, columnsOf } from "./columns.ts";

const OPPOSITE: { readonly [Op in Comparison]: Comparison } = {
  "=": "!=",
  "!=": "=",
  "<": ">=",
  "<=": ">",
  ">": "<=",
  ">=": "<",
};

/** Longer chains are nested, because the engine's parser recurses once for each link. */
const LONGEST_CHAIN = 64;

/**
 * The condition over a table with these columns. `not` is pushed down to the comparisons: the engine's parser is slow
 * on nested negations and refuses them beyond some depth.
 */
export function filterSql(filter: Filter, columns: ReadonlySet<string>, negated = false): string {
  if ("not" in filter) return filterSql(filter.not, columns, !negated);
  if ("and" in filter || "or" in filter) {
    const parts = "and" in filter ? filter.and : filter.or;
    const joint = "and" in filter !== negated ? "and" : "or";
    return join(
      parts.map((part) => filterSql(part, columns, negated)),
      joint,
    );
  }
  if ("exists" in filter) return existsSql(filter.field, filter.exists !== negated, columns);
  const tests =
    "in" in filter ? inTests(filter.field, filter.in, negated) : [comparisonTest(filter, negated)];
  const known = tests.map(({ column, test }) => {
    if (!columns.has(column)) return negated ? "true" : "false";
    return negated ? `(\`${column}\` is null or ${test})` : `(\`${column}\` is not null and ${test})`;
  });
  return join(known, negated ? "and" : "or");
}

/** A text as an SQL literal. */
export function textSql(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

interface Test {
  readonly column: string;
  readonly test: string;
}

function comparisonTest(filter: Extract<Filter, { op: Comparison }>, negated: boolean): Test {
  const column = columnOf(filter.field, filter.value);
  const op = negated ? OPPOSITE[filter.op] : filter.op;
  return { column, test: `\`${column}\` ${op} ${valueSql(filter.value)}` };
}

function inTests(field: string, values: readonly Scalar[], negated: boolean): Test[] {
  const byColumn = new Map<string, string[]>();
  for (const value of values) {
    const column = columnOf(field, value);
    byColumn.set(column, [...(byColumn.get(column) ?? []), valueSql(value)]);
  }
  return [...byColumn].map(([column, list]) => ({
    column,
    test: `\`${column}\` ${negated ? "not in" : "in"} (${list.join(", ")})`,
  }));
}

function existsSql(field: string, exists: boolean, columns: ReadonlySet<string>): string {
  const present = columnsOf(field).filter((column) => columns.has(column));
  const tests = present.map((column) => `\`${column}\` is ${exists ? "not null" : "null"}`);
  return join(tests, exists ? "or" : "and");
}

/** An empty `and` is true, an empty `or` false. */
function join(parts: readonly string[], joint: "and" | "or"): string {
  const [neutral, absorbing] = joint === "and" ? ["true", "false"] : ["false", "true"];
  if (parts.includes(absorbing)) return absorbing;
  let kept = parts.filter((part) => part !== neutral);
  while (kept.length > LONGEST_CHAIN) {
    const groups = Array.from({ length: Math.ceil(kept.length / LONGEST_CHAIN) }, (_, group) =>
      kept.slice(group * LONGEST_CHAIN, (group + 1) * LONGEST_CHAIN),
    );
    kept = groups.map((group) => `(${group.join(` ${joint} `)})`);
  }
  const [only] = kept;
  if (only === undefined) return neutral;
  return kept.length === 1 ? only : `(${kept.join(` ${joint} `)})`;
}

/** Numbers in exponent form, so that none is read as an integer of some width; 0 has one sign; booleans are 0 or 1. */
function valueSql(value: Scalar): string {
  if (typeof value === "string") return textSql(value);
  return (Number(value) + 0).toExponential();
}

/** Tables as HTML and as Markdown. The first row is the heading; columns of numbers stand to the right. */

import { escapeText } from "./escape.ts";

/** What stands in a cell; a number is written by {@link formatNumber}, a string as it is. */
export type Cell = string | number;

/** A table, its heading first. */
export type Rows = readonly (readonly Cell[])[];

/** `rows` as an HTML table. */
export function htmlTable(rows: Rows): string {
  const [heading = [], ...body] = rows;
  const numeric = heading.map((_, column) => isNumeric(body, column));
  const lineOf = (row: readonly Cell[], element: string): string => {
    const cells = heading.map((_, column) => {
      const align = numeric[column] ? ' class="number"' : "";
      return `<${element}${align}>${escapeText(textOf(row[column]))}</${element.split(" ")[0]}>`;
    });
    return `<tr>${cells.join("")}</tr>`;
  };
  const lines = body.map((row) => lineOf(row, "td")).join("\n");
  return `<table>\n<thead>${lineOf(heading, 'th scope="col"')}</thead>\n<tbody>\n${lines}\n</tbody>\n</table>`;
}

/** `rows` as a Markdown table (GitHub's form), columns padded to the same width. */
export function markdownTable(rows: Rows): string {
  const [heading = [], ...body] = rows;
  const texts = rows.map((row) => heading.map((_, column) => markdownText(textOf(row[column]))));
  const columns = heading.map((_, column) => ({
    width: Math.max(3, ...texts.map((row) => row[column]?.length ?? 0)),
    numeric: isNumeric(body, column),
  }));
  const [first = "", ...others] = texts.map((row) =>
    lineOf(columns.map(({ width, numeric }, column) => pad(row[column] ?? "", width, numeric))),
  );
  const rule = lineOf(
    columns.map(({ width, numeric }) => (numeric ? `${"-".repeat(width - 1)}:` : "-".repeat(width))),
  );
  return [first, rule, ...others].join("\n");
}

/** A number for people: whole ones as they are, others with four decimals, very small or large ones with an exponent. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e9) return value.toFixed(4);
  return String(Number(value.toPrecision(4)));
}

/** Whether every cell of the body is a number, or text that reads as one: `-1.5`, `+0.01`, `1,024`, `97 %`. */
function isNumeric(body: Rows, column: number): boolean {
  const reads = (cell: Cell | undefined): boolean =>
    typeof cell === "number" || /^[-+−]?[\d.,]+(e[-+]?\d+)?( ?%)?$|^[-–]?$/i.test(cell ?? "");
  return body.some((row) => textOf(row[column]) !== "") && body.every((row) => reads(row[column]));
}

function textOf(cell: Cell | undefined): string {
  return typeof cell === "number" ? formatNumber(cell) : (cell ?? "");
}

function markdownText(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/[\\|]/g, "\\$&")
    .replace(/[&<]/g, (character) => escapeText(character));
}

function lineOf(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function pad(text: string, width: number, toTheRight: boolean): string {
  return toTheRight ? text.padStart(width) : text.padEnd(width);
}

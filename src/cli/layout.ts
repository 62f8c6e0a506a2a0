/** Text laid out for a terminal: tables, wrapping and cutting by display width (a Chinese character is two columns). */

import stringWidth from "string-width";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Retrieved text as it may be printed: without the control characters that would drive the terminal. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, "");
}

/** A table under its first row as heading: columns as wide as their content, columns of numbers to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const [heading = [], ...body] = rows;
  const columns = heading.map((_, column) => ({
    width: Math.max(...rows.map((row) => stringWidth(row[column] ?? ""))),
    isNumeric: body.length > 0 && body.every((row) => /^(-?[\d.,]+%?|-?)$/.test(row[column] ?? "")),
  }));
  return rows.map((row) =>
    columns
      .map(({ width, isNumeric }, column) => pad(row[column] ?? "", width, isNumeric))
      .join("  ")
      .trimEnd(),
  );
}

/** A size on disk: `23.0 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Cuts `text` to `width` columns, with `…` where something is missing. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  return `${take(text, width - 1)}…`;
}

/** `text` as one paragraph of at most `lines` lines of `width` columns. */
export function paragraph(text: string, width: number, lines: number): string[] {
  const filled: string[] = [];
  let rest = printable(text).replace(/\s+/g, " ").trim();
  while (rest !== "" && filled.length < lines - 1) {
    const line = breakLine(rest, width);
    filled.push(line.trimEnd());
    rest = rest.slice(line.length).trimStart();
  }
  if (rest !== "") filled.push(cut(rest, width));
  return filled;
}

function breakLine(text: string, width: number): string {
  const fitting = take(text, width) || text;
  if (fitting.length === text.length) return fitting;
  const space = fitting.lastIndexOf(" ");
  return space > fitting.length / 2 ? fitting.slice(0, space + 1) : fitting;
}

function take(text: string, width: number): string {
  let taken = "";
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += stringWidth(segment);
    if (used > width) break;
    taken += segment;
  }
  return taken;
}

function pad(cell: string, width: number, toTheRight: boolean): string {
  const space = " ".repeat(width - stringWidth(cell));
  return toTheRight ? space + cell : cell + space;
}

/** The block structure of Markdown as far as cutting needs it: headings, blocks that stay whole, and prose. */

import type { Span } from "./chunk.ts";
import { splitLines } from "./split.ts";

/** A run of whole lines. `matter`: front matter; `whole`: fenced code or a table. */
export type Block =
  | (Span & { readonly kind: "heading"; readonly level: number; readonly title: string })
  | (Span & { readonly kind: "matter" | "whole" | "prose" });

/** The blocks of a text, adjacent and covering it. Text that is not Markdown is prose. */
export function parseBlocks(text: string): Block[] {
  const spans = text === "" ? [] : splitLines(text, { start: 0, end: text.length });
  const lines = spans.map(({ start, end }) => text.slice(start, end).trimEnd());
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; ) {
    const { length, ...block } = matterAt(lines, at) ?? headingAt(lines, at) ?? wholeAt(lines, at) ?? prose;
    const start = spans[at]?.start ?? 0;
    const end = spans[at + length - 1]?.end ?? text.length;
    const last = blocks.at(-1);
    if (block.kind === "prose" && last?.kind === "prose") blocks[blocks.length - 1] = { ...last, end };
    else blocks.push({ ...block, start, end });
    at += length;
  }
  return blocks;
}

/** The title of a Markdown text: the one that its front matter gives, else its first heading of level 1. */
export function markdownTitle(text: string): string | undefined {
  const matter = /^---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(text)?.[1];
  const given = matter === undefined ? undefined : /^title:[ \t]*(\S.*)$/m.exec(matter)?.[1]?.trim();
  if (given !== undefined) return given.replace(/^(["'])(.*)\1$/, "$2");
  for (const block of parseBlocks(text)) {
    if (block.kind === "heading" && block.level === 1 && block.title !== "") return block.title;
  }
  return undefined;
}

/** A block that begins at a line, with how many lines it has. */
type Found = { readonly length: number } & (
  | { readonly kind: "heading"; readonly level: number; readonly title: string }
  | { readonly kind: "matter" | "whole" | "prose" }
);

const prose: Found = { kind: "prose", length: 1 };

function headingAt(lines: readonly string[], at: number): Found | undefined {
  const line = lines[at] ?? "";
  const marks = /^ {0,3}(#{1,6})(?=\s|$)/.exec(line);
  if (marks) {
    const title = line
      .slice(marks[0].length)
      .trim()
      .replace(/(?:^|\s)#+$/, "")
      .trim();
    return { kind: "heading", level: marks[1]?.length ?? 1, title, length: 1 };
  }
  // A line underlined with = or - is a heading where it is a paragraph of its own.
  const underline = /^ {0,3}(?:={2,}|-{3,})$/.exec(lines[at + 1] ?? "")?.[0].trim();
  const alone = at === 0 || lines[at - 1] === "";
  if (underline === undefined || !alone || !/^ {0,3}[^\s\-*+>|=]/.test(line)) return undefined;
  return { kind: "heading", level: underline.startsWith("=") ? 1 : 2, title: line.trim(), length: 2 };
}

function wholeAt(lines: readonly string[], at: number): Found | undefined {
  const length = fenceAt(lines, at) ?? tableAt(lines, at);
  return length === undefined ? undefined : { kind: "whole", length };
}

function matterAt(lines: readonly string[], at: number): Found | undefined {
  if (at !== 0 || lines[0] !== "---") return undefined;
  const end = lines.indexOf("---", 1);
  return end < 0 ? undefined : { kind: "matter", length: end + 1 };
}

/** Fenced code ends at a fence of the same kind that is at least as long, or with the text. */
function fenceAt(lines: readonly string[], at: number): number | undefined {
  const fence = /^\s*(`{3,}|~{3,})/.exec(lines[at] ?? "")?.[1];
  if (fence === undefined) return undefined;
  const closes = (line: string): boolean => {
    const mark = line.trim();
    return mark.length >= fence.length && mark === fence.charAt(0).repeat(mark.length);
  };
  return Math.min(firstFrom(lines, at + 1, closes) + 1, lines.length) - at;
}

function tableAt(lines: readonly string[], at: number): number | undefined {
  const rule = lines[at + 1] ?? "";
  if (!lines[at]?.includes("|") || !/^[\s|:-]+$/.test(rule) || !/-.*\||\|.*-/.test(rule)) return undefined;
  return firstFrom(lines, at + 1, (line) => !line.includes("|")) - at;
}

/** The index of the first line from `at` on that passes, else how many lines there are. */
function firstFrom(lines: readonly string[], at: number, test: (line: string) => boolean): number {
  let index = at;
  while (index < lines.length && !test(lines[index] ?? "")) index++;
  return index;
}

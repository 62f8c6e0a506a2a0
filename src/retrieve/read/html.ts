/** HTML to Markdown-like text: headings, lists, code and tables keep their marks; links, images and menus go. */

import { compile, type DomNode, type FormatCallback, type SelectorDefinition } from "html-to-text";

/** The text of an HTML page, and its title: `<title>`, else the first heading of level 1. */
export function readHtml(html: string): { readonly title?: string; readonly text: string } {
  const title = oneLine(titleOf(html)) || oneLine(firstHeadingOf(html));
  const text = textOf(html).trim();
  return title === "" ? { text } : { title, text };
}

const heading: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 2 });
  walk(element.children, builder);
  const marks = "#".repeat(Number(element.name?.slice(1)));
  builder.closeBlock({
    trailingLineBreaks: 2,
    blockTransform: (title) => (title.trim() === "" ? "" : `${marks} ${oneLine(title)}`),
  });
};

const fencedCode: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ isPre: true, leadingLineBreaks: 2 });
  walk(element.children, builder);
  builder.closeBlock({
    trailingLineBreaks: 2,
    blockTransform: (code) => `\`\`\`\n${code.replace(/^\n+|\s+$/g, "")}\n\`\`\``,
  });
};

const table: FormatCallback = (element, walk, builder) => {
  builder.openTable();
  for (const row of rowsOf(element)) {
    builder.openTableRow();
    for (const cell of row.children.filter(({ name }) => name === "td" || name === "th")) {
      builder.openTableCell();
      walk(cell.children, builder);
      builder.closeTableCell();
    }
    builder.closeTableRow();
  }
  builder.closeTable({
    leadingLineBreaks: 2,
    trailingLineBreaks: 2,
    tableToString: (rows) => formatTable(rows.map((cells) => cells.map(({ text }) => text.trim()))),
  });
};

function rowsOf(element: DomNode): DomNode[] {
  const children = element.children.filter(({ type }) => type === "tag");
  return children.flatMap((child) => {
    if (child.name === "tr") return [child];
    return ["thead", "tbody", "tfoot"].includes(child.name ?? "") ? rowsOf(child) : [];
  });
}

/** As Markdown writes tables; a table that only arranges the page (one column, or cells of paragraphs) as its cells. */
function formatTable(rows: readonly string[][]): string {
  const columns = Math.max(0, ...rows.map((cells) => cells.length));
  if (columns <= 1 || rows.flat().some((cell) => cell.includes("\n\n"))) {
    return rows.flat().filter(Boolean).join("\n\n");
  }
  const lines = rows.map((cells) => {
    const padded = Array.from({ length: columns }, (_, column) => cells[column] ?? "");
    return `| ${padded.map((cell) => oneLine(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return [lines[0], `|${" --- |".repeat(columns)}`, ...lines.slice(1)].join("\n");
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function selectors(
  format: string,
  names: string,
  options: SelectorDefinition["options"] = {},
): SelectorDefinition[] {
  return names.split(" ").map((selector) => ({ selector, format, options }));
}

// The library cuts long input with a line on stderr: the size limit of files stands in its place.
const limits = { maxInputLength: Number.POSITIVE_INFINITY };

const textOf = compile({
  wordwrap: false,
  limits,
  baseElements: { selectors: ["main", "[role=main]"], returnDomByDefault: true },
  formatters: { heading, fencedCode, markdownTable: table },
  selectors: [
    ...selectors("heading", "h1 h2 h3 h4 h5 h6"),
    ...selectors("fencedCode", "pre"),
    ...selectors("markdownTable", "table"),
    ...selectors("inline", "a", { ignoreHref: true }),
    ...selectors("unorderedList", "ul", { itemPrefix: "- " }),
    ...selectors("block", "dt dd figcaption details summary caption", {
      leadingLineBreaks: 1,
      trailingLineBreaks: 1,
    }),
    ...selectors(
      "skip",
      "title script style noscript template svg img nav footer button select textarea iframe [hidden]",
    ),
  ],
});

const titleOf = firstOf("title");
const firstHeadingOf = firstOf("h1");

/** The text of the first such element of a page, or nothing. */
function firstOf(name: string): (html: string) => string {
  return compile({
    wordwrap: false,
    limits: { ...limits, maxBaseElements: 1 },
    baseElements: { selectors: [name], returnDomByDefault: false },
    selectors: selectors("inline", "* a h1"),
  });
}

/** One self-contained HTML page: no scripts, nothing from outside, light and dark, for screens of any width and paper. */

import { escapeText } from "./escape.ts";
import { htmlTable, type Rows } from "./table.ts";

/** A part of a page. What is given is shown in this order. */
export interface Section {
  /** Left out where a chart brings its own title. */
  readonly heading?: string;
  /** What follows belongs under this heading, up to the next of its kind. */
  readonly opensPart?: boolean;
  /** Paragraphs, parted by an empty line. */
  readonly text?: string;
  /** An SVG element as text, from a chart of ours; stands in the page as it is. */
  readonly svg?: string;
  /** The chart takes the whole width. */
  readonly isWide?: boolean;
  readonly table?: Rows;
  /** The table is behind these words, to be opened by the reader: for what few look at. */
  readonly folded?: string;
  /** HTML that stands in the page as it is: never from data. */
  readonly html?: string;
}

export interface Page {
  readonly title: string;
  readonly sections: readonly Section[];
}

/**
 * The text of the page, which is HTML and well-formed XML. Sections with a chart stand side by side where there is
 * room. All text is escaped; should a script come in through `svg` or `html`, the page's policy keeps it from running.
 */
export function htmlPage({ title, sections }: Page): string {
  return `<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8" />
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>${escapeText(title)}</title>
<style>
${style}
</style>
</head>
<body>
<h1>${escapeText(title)}</h1>
<main>
${sections.map(sectionOf).join("\n")}
</main>
</body>
</html>
`;
}

function sectionOf(section: Section): string {
  const { heading, text, svg, table, folded, html } = section;
  const parts = [
    ...(heading === undefined ? [] : [`<h2>${escapeText(heading)}</h2>`]),
    ...(text === undefined ? [] : paragraphs(text)),
    ...(svg === undefined ? [] : [`<figure>${svg}</figure>`]),
    ...(table === undefined ? [] : [tableOf(table, folded)]),
    ...(html === undefined ? [] : [html]),
  ];
  const look = lookOf(section);
  return `<section${look === undefined ? "" : ` class="${look}"`}>\n${parts.join("\n")}\n</section>`;
}

/** The class that the style sheet knows a section by. */
function lookOf({ heading, opensPart, text, svg, isWide, folded }: Section): string | undefined {
  if (svg !== undefined) return isWide ? "wide-chart" : "chart-section";
  if (opensPart) return "part";
  const isFoldAlone = folded !== undefined && heading === undefined && text === undefined;
  return isFoldAlone ? "fold" : undefined;
}

function tableOf(table: Rows, folded: string | undefined): string {
  const shown = `<div class="scroll">${htmlTable(table)}</div>`;
  if (folded === undefined) return shown;
  return `<details><summary>${escapeText(folded)}</summary>${shown}</details>`;
}

function paragraphs(text: string): string[] {
  return text
    .split(/\n\s*\n/)
    .filter((paragraph) => paragraph.trim() !== "")
    .map((paragraph) => `<p>${escapeText(paragraph.trim())}</p>`);
}

const style = `:root{--ink:#1f2328;--quiet:#59636e;--paper:#fff;--rule:#d8dde3}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e6e9ee;--quiet:#9aa4b0;--paper:#15181d;--rule:#333a43}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:68rem;padding:1.5rem 1rem 3rem;background:var(--paper);color:var(--ink);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 1.5rem}
h2{font-size:1.1rem;margin:0 0 .6rem}
p{margin:0 0 .6rem;max-width:44rem}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,27rem),1fr));gap:2rem}
section{min-width:0;grid-column:1/-1}
.chart-section{grid-column:auto}
figure{margin:0}
figure .chart{display:block;width:100%;max-width:40rem;height:auto;background:none;color:inherit}
.wide-chart .chart{width:auto;max-width:100%}
.part{border-top:2px solid var(--rule);padding-top:1.5rem}
.part h2{font-size:1.35rem}
.fold{margin-top:-1.4rem}
summary{cursor:pointer}
details .scroll{margin-top:.6rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem}
th,td{padding:.3rem .9rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
th{font-weight:600;color:var(--quiet);overflow-wrap:normal}
th.number{white-space:normal}
td{overflow-wrap:break-word;white-space:pre-line}
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
@media print{body{max-width:none;padding:0;font-size:10pt}section{break-inside:avoid}h2{break-after:avoid}
.scroll{overflow:visible}}`;

/** Which reader a file name asks for. */

import { extname } from "node:path";

/** How a document was read. `records`: JSON Lines, one record a line. */
export type DocumentFormat = "markdown" | "text" | "html" | "pdf" | "docx" | "code" | "records";

/** The format that a file name asks for; undefined where the name says nothing, and the content decides. */
export function formatOf(path: string): DocumentFormat | undefined {
  return byExtension.get(extname(path).slice(1).toLowerCase());
}

const extensions: { readonly [Format in DocumentFormat]: string } = {
  markdown: "md markdown mdx",
  text: "txt text rst adoc org tex log csv tsv json json5 yaml yml toml ini cfg conf xml srt vtt",
  html: "html htm xhtml",
  pdf: "pdf",
  docx: "docx",
  code: [
    "ts tsx mts cts js jsx mjs cjs py pyi rb php go rs java kt kts scala groovy swift m mm c h cc cpp cxx hh hpp",
    "cs fs vb dart lua pl pm r jl hs ml mli ex exs erl clj cljs elm lisp el scm zig nim d f90 pas asm s",
    "sh bash zsh fish ps1 bat sql graphql proto css scss less vue svelte tf nix cmake gradle",
  ].join(" "),
  records: "jsonl ndjson",
};

const byExtension = new Map<string, DocumentFormat>(
  entriesOf(extensions).flatMap(([format, names]) => names.split(" ").map((name) => [name, format] as const)),
);

function entriesOf<Key extends string, Value>(table: { readonly [Name in Key]: Value }): [Key, Value][] {
  return Object.entries(table) as [Key, Value][];
}

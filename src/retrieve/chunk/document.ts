/** Chunks of documents: sections by heading, sentences packed up to a limit, code and tables kept whole. */

import { RetrieveError } from "../../std/index.ts";
import { type Chunk, checkWhole, createChunker, type TokenCounter, trimSpan } from "./chunk.ts";
import { type Block, parseBlocks } from "./markdown.ts";
import { pack, type Unit } from "./pack.ts";
import { splitLines, splitSentences, splitWords } from "./split.ts";

export interface ChunkDocumentOptions {
  /** Tokens of a chunk, its heading path included where that is at most half of them. */
  readonly maxTokens: number;
  /** Tokens of whole sentences repeated from one chunk to the next of the same section, at most; default 0. */
  readonly overlap?: number;
}

/**
 * Cuts a document along its Markdown headings, never across one; within a section sentences are packed up to the
 * limit. Fenced code, tables and front matter stay whole where they fit, else are cut at lines. A heading line stands
 * in the first chunk of its section, the path of headings in `heading` of all. Every character that is not space is
 * in a chunk.
 *
 * Throws `invalid_argument` for a limit below 1 or an overlap that is not below the limit. Cost: each sentence is
 * tokenized about twice. Relation: {@link chunkCode} for source code.
 */
export function chunkDocument(text: string, counter: TokenCounter, options: ChunkDocumentOptions): Chunk[] {
  const { maxTokens, overlap = 0 } = options;
  checkWhole("maxTokens", maxTokens, 1);
  checkWhole("overlap", overlap, 0);
  if (overlap >= maxTokens) {
    throw new RetrieveError(
      "invalid_argument",
      `overlap: got ${overlap}, wanted less than maxTokens, ${maxTokens}`,
    );
  }
  const chunk = createChunker(text);
  return sectionsOf(text, parseBlocks(text)).flatMap(({ heading, units }) => {
    const path = heading === "" ? 0 : counter.count(heading);
    const limit = path <= maxTokens / 2 ? maxTokens - path : maxTokens;
    const packing = { counter, maxTokens: limit, overlap: Math.min(overlap, limit - 1), splitters };
    return pack(text, units, packing)
      .map((span) => trimSpan(text, span))
      .filter(({ start, end }) => end > start)
      .map((span) => chunk(span, heading));
  });
}

const splitters = [splitLines, splitWords];

interface Section {
  heading: string;
  readonly units: Unit[];
  /** Whether it has only headings and front matter so far. */
  bare: boolean;
}

/** A heading directly under a wider one joins it: a chapter's title alone would be a chunk that says nothing. */
function sectionsOf(text: string, blocks: readonly Block[]): Section[] {
  const sections: Section[] = [];
  let path: { readonly level: number; readonly title: string }[] = [];
  for (const block of blocks) {
    let section = sections.at(-1);
    if (block.kind === "heading") {
      const deeper = block.level > (path.at(-1)?.level ?? 0);
      path = [...path.filter(({ level }) => level < block.level), block];
      if (section === undefined || !section.bare || !deeper) section = openSection(sections);
      section.heading = path.map(({ title }) => title).join(" > ");
      section.units.push({ start: block.start, end: block.end, lead: true });
      continue;
    }
    section ??= openSection(sections);
    section.units.push(...(block.kind === "prose" ? splitSentences(text, block) : [block]));
    if (block.kind !== "matter" && text.slice(block.start, block.end).trim() !== "") section.bare = false;
  }
  return sections;
}

function openSection(sections: Section[]): Section {
  const section = { heading: "", units: [], bare: true };
  sections.push(section);
  return section;
}

/** Knowledge: passages of documents, each with its title, its headings and the place where it stands. */

import {
  chunkCode,
  chunkDocument,
  type Document,
  type PassageRow,
  placeOf,
  readSources,
  type SourceDocument,
  type SourceRecord,
} from "../../retrieve/index.ts";
import type { Scalar } from "../../store/index.ts";
import type { KnowledgePiece } from "../compose/prompt.ts";
import { fieldsOf, hashOf, metadataField, optionalTextField, textField } from "../fields.ts";
import type { Kind, ReadContext } from "./kind.ts";

/** Tokens of a passage cut from a document: a paragraph or two, about 100 words. */
const passageTokens = 160;

/** Tokens of the encoder's limit that an instruction and the special tokens take. */
const reservedTokens = 24;

/** Files, folders, JSON Lines `{ _id | id?, title?, text, metadata? }`, or the same as records. */
export const knowledge: Kind<"knowledge"> = {
  name: "knowledge",
  task: "qa",
  async *read(sources, context) {
    const { signal, onNotice } = context;
    for (const [index, source] of sources.entries()) {
      if (typeof source !== "string") {
        yield passageRecord(givenPassage(source, `record ${index + 1}`), "records", context);
        continue;
      }
      for await (const item of readSources([source], onNotice === undefined ? {} : { onNotice })) {
        signal?.throwIfAborted();
        if (item.kind === "document") yield documentRecord(item.document, item.origin, context);
        else yield passageRecord(item.passage, item.origin, context);
      }
    }
  },
  present: (found) =>
    found.map(({ id, score, value, source }): KnowledgePiece => {
      const passage = fieldsOf(value, id, "a passage");
      const title = optionalTextField(passage, "title", id) ?? "";
      const heading = optionalTextField(passage, "heading", id);
      return { id, score, source, title: titlePath(title, heading), text: textField(passage, "text", id) };
    }),
};

function givenPassage(value: unknown, place: string): PassageRow {
  const fields = fieldsOf(value, place, `a record { "text" }`);
  const title = optionalTextField(fields, "title", place);
  const text = textField(fields, "text", place);
  const metadata = metadataField(fields, place);
  const hash = hashOf(title ?? "", text, metadata);
  const id = optionalTextField(fields, "id", place) ?? hash.slice(0, 16);
  return { id, ...(title === undefined ? {} : { title }), text, metadata, source: id, hash };
}

/** A record as a whole where the encoder reads all of it, else cut into passages. */
function passageRecord(row: PassageRow, origin: string, context: ReadContext): SourceRecord {
  const { id, title = "", text, metadata, source, hash } = row;
  return lazily(id, hashOf("passage", hash, source), origin, () => {
    const whole = `${title} ${text}`.trim();
    if (context.counter.count(whole) <= context.maxTokens - reservedTokens) {
      return [{ id, text: whole, value: { title, text, source }, source, metadata }];
    }
    const chunks = chunkDocument(text, context.counter, { maxTokens: passageLimit(context) });
    return chunks.map((chunk, index) => passage({ id: `${id}#${index}`, title, source, metadata }, chunk));
  });
}

function documentRecord(document: SourceDocument, origin: string, context: ReadContext): SourceRecord {
  const { path, title, text, hash, format } = document;
  return lazily(path, hashOf("file", hash, path), origin, () => {
    const limit = passageLimit(context);
    const chunks =
      format === "code"
        ? chunkCode(text, context.counter, { maxTokens: limit })
        : chunkDocument(text, context.counter, { maxTokens: limit });
    return chunks.map((chunk, index) => {
      const source = placeOf(document, chunk);
      return passage({ id: `${path}#${index}`, title, source, metadata: { path } }, chunk);
    });
  });
}

interface PassagePlace {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly metadata: Readonly<Record<string, Scalar>>;
}

/** The key is title and headings, then the passage: a passage alone often does not say what it is about. */
function passage(place: PassagePlace, chunk: { readonly text: string; readonly heading?: string }): Document {
  const { id, title, source, metadata } = place;
  const { heading } = chunk;
  const text = chunk.text.trim();
  return {
    id,
    text: `${titlePath(title, heading)}\n${text}`.trim(),
    value: { title, ...(heading === undefined ? {} : { heading }), text, source },
    source,
    metadata,
  };
}

/** Title and headings, outermost first; the first heading is often the title. */
function titlePath(title: string, heading: string | undefined): string {
  if (heading === undefined) return title;
  return title === "" || heading.startsWith(title) ? heading : `${title} > ${heading}`;
}

function passageLimit({ maxTokens }: ReadContext): number {
  return Math.max(16, Math.min(passageTokens, maxTokens - reservedTokens));
}

/** A record whose documents are made when they are asked for: an unchanged one is never cut. */
function lazily(id: string, hash: string, origin: string, make: () => Document[]): SourceRecord {
  let made: Document[] | undefined;
  return {
    id,
    hash,
    origin,
    get documents() {
      made ??= make();
      return made;
    },
  };
}

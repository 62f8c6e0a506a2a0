/** A file as one text with a title, whatever its format, and the way back from an offset to a place in the file. */

import { readFile, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { diskError, RetrieveError } from "../../std/index.ts";
import { markdownTitle } from "../chunk/index.ts";
import { contentHash, decodeHtml, decodeText } from "./decode.ts";
import { readDocx } from "./docx.ts";
import { type DocumentFormat, formatOf } from "./formats.ts";
import { readPdf } from "./pdf.ts";

export interface SourceDocument {
  readonly path: string;
  /** The document's own title, else the file's name without its extension; source code keeps its whole name. */
  readonly title: string;
  /** HTML and Word documents have their headings, code and tables as in Markdown. */
  readonly text: string;
  readonly format: Exclude<DocumentFormat, "records">;
  /** SHA-256 of the file. */
  readonly hash: string;
  /** PDF only: `pages[n]` is the offset in `text` at which page n + 1 begins. */
  readonly pages?: readonly number[];
}

export interface ReadOptions {
  /** Larger files are refused: 64 MiB by default. */
  readonly maxBytes?: number;
}

/**
 * Reads a file as one text: Markdown, plain text, HTML, PDF, docx, source code, data formats as they stand. A name
 * that says nothing is read as plain text if it is text.
 *
 * Throws `not_found`; `unsupported` for binary files of other formats, files under a password and scans;
 * `invalid_data` for text that is not UTF-8 and for broken files; `invalid_argument` above the size limit and for
 * JSON Lines, which hold records ({@link readRecords}); `missing_package` where a PDF or docx file needs a package
 * that is not installed. Memory: the file and its text.
 */
export async function readDocument(path: string, options: ReadOptions = {}): Promise<SourceDocument> {
  const format = formatOf(path) ?? "text";
  if (format === "records") {
    throw new RetrieveError(
      "invalid_argument",
      `${path}: JSON Lines hold records, not one document; read records`,
    );
  }
  const bytes = await readBytes(path, options.maxBytes ?? 64 * 2 ** 20);
  const { title, ...content } = await readContent(format, bytes, path);
  return { path, title: title ?? nameOf(path, format), ...content, format, hash: contentHash(bytes) };
}

/** Where an offset of a document's text is in its file: `guide.md:12`, `paper.pdf#page=3`; for the rest the path. */
export function placeOf(
  document: SourceDocument,
  chunk: { readonly start: number; readonly line: number },
): string {
  if (document.pages) {
    const page = document.pages.findLastIndex((start) => start <= chunk.start) + 1;
    return `${document.path}#page=${page}`;
  }
  const asWritten = document.format !== "html" && document.format !== "docx";
  return asWritten ? `${document.path}:${chunk.line}` : document.path;
}

interface Content {
  readonly title?: string | undefined;
  readonly text: string;
  readonly pages?: readonly number[];
}

async function readContent(
  format: SourceDocument["format"],
  bytes: Uint8Array,
  path: string,
): Promise<Content> {
  switch (format) {
    case "pdf":
      return readPdf(bytes, path);
    case "docx":
      return readDocx(bytes, path);
    case "html":
      return (await import("./html.ts")).readHtml(decodeHtml(bytes, path));
    case "markdown": {
      const text = decodeText(bytes, path);
      return { title: markdownTitle(text), text };
    }
    case "text":
    case "code":
      return { text: decodeText(bytes, path) };
  }
}

/** Looks before it reads: a pipe would never end. */
async function readBytes(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const file = await stat(path);
    if (!file.isFile()) {
      throw new RetrieveError("invalid_argument", `${path}: a folder or device, a file is wanted`);
    }
    if (file.size > maxBytes) {
      throw new RetrieveError(
        "invalid_argument",
        `${path}: ${file.size} bytes, more than the limit of ${maxBytes}; split it, or convert it to JSON Lines`,
      );
    }
    return await readFile(path);
  } catch (error) {
    throw diskError(error, path);
  }
}

function nameOf(path: string, format: DocumentFormat): string {
  return format === "code" ? basename(path) : basename(path, extname(path));
}

/** PDF to text, page by page, through the optional package `unpdf`. */

import { loadPeer, messageOf, RetrieveError } from "../../std/index.ts";

/** The text of a PDF file: pages parted by blank lines, `pages[n]` the offset at which page n + 1 begins. */
export interface PdfText {
  readonly title?: string;
  readonly text: string;
  readonly pages: readonly number[];
}

/**
 * Throws `missing_package` without `unpdf`, `unsupported` for a file under a password or without text (a scan), and
 * `invalid_data` for a broken one.
 */
export async function readPdf(bytes: Uint8Array, path: string): Promise<PdfText> {
  const { extractText, getDocumentProxy, getMeta } = await loadPeer(
    "unpdf",
    `${path}: reading PDF`,
    () => import("unpdf"),
  );
  try {
    // The reader takes its bytes away from the caller, who still hashes them: it gets a copy.
    const pdf = await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
    try {
      const { text: pages } = await extractText(pdf, { mergePages: false });
      const { info } = await getMeta(pdf);
      const title: unknown = info["Title"];
      if (pages.every((page) => page.trim() === "")) throw noText(path, pages.length);
      return { ...(typeof title === "string" && title.trim() !== "" ? { title } : {}), ...joinPages(pages) };
    } finally {
      await pdf.destroy();
    }
  } catch (error) {
    throw pdfError(error, path);
  }
}

function joinPages(pages: readonly string[]): { readonly text: string; readonly pages: readonly number[] } {
  const starts: number[] = [];
  let text = "";
  for (const page of pages) {
    starts.push(text.length);
    text += `${joinHyphens(page).trim()}\n\n`;
  }
  return { text, pages: starts };
}

/** Joins a word that a line break parts: `retrie-\nval`. */
function joinHyphens(page: string): string {
  return page.replace(/(?<=\p{Ll})-\n(?=\p{Ll})/gu, "");
}

function noText(path: string, pages: number): RetrieveError {
  return new RetrieveError(
    "unsupported",
    `${path}: no text on its ${pages} pages, probably a scan; run character recognition (OCR) on it first`,
  );
}

function pdfError(error: unknown, path: string): RetrieveError {
  if (RetrieveError.isInstance(error)) return error;
  const locked = error instanceof Error && error.name === "PasswordException";
  return locked
    ? new RetrieveError("unsupported", `${path}: under a password; save it without one first`, {
        cause: error,
      })
    : new RetrieveError("invalid_data", `${path}: not a readable PDF file (${messageOf(error)})`, {
        cause: error,
      });
}

/** Word documents to Markdown-like text, through the optional package `mammoth` and HTML. */

import { loadPeer, messageOf, RetrieveError } from "../../std/index.ts";

/** Throws `missing_package` without `mammoth` and `invalid_data` for a file that it cannot read. */
export async function readDocx(
  bytes: Uint8Array,
  path: string,
): Promise<{ readonly title?: string; readonly text: string }> {
  const { default: mammoth } = await loadPeer("mammoth", `${path}: reading docx`, () => import("mammoth"));
  const options = {
    styleMap: ["p[style-name='Title'] => h1:fresh", "p[style-name='Subtitle'] => p:fresh"],
    convertImage: mammoth.images.imgElement(async () => ({ src: "" })),
  };
  try {
    const { value } = await mammoth.convertToHtml({ buffer: Buffer.from(bytes) }, options);
    const { readHtml } = await import("./html.ts");
    return readHtml(value);
  } catch (error) {
    throw new RetrieveError("invalid_data", `${path}: not a readable docx file (${messageOf(error)})`, {
      cause: error,
    });
  }
}

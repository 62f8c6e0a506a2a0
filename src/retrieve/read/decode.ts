/** Bytes to text: UTF-8, or UTF-16 with its mark; anything else is refused rather than read wrongly. */

import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { RetrieveError } from "../../std/index.ts";

/** SHA-256 of a text (as UTF-8) or of bytes, in hexadecimal. */
export function contentHash(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/**
 * The text of a file's bytes, without byte order mark, lines ended by `\n`.
 *
 * Throws `unsupported` for binary content (a NUL byte) and `invalid_data` naming the line that is not UTF-8.
 */
export function decodeText(bytes: Uint8Array, path: string): string {
  const mark = marks.find(({ start }) => start.every((byte, index) => bytes[index] === byte));
  if (mark) return unixLines(new TextDecoder(mark.encoding).decode(bytes));
  if (bytes.includes(0)) {
    throw new RetrieveError(
      "unsupported",
      `${path}: a binary file of no known format; wanted text, HTML, PDF or docx`,
    );
  }
  if (!isUtf8(bytes)) {
    throw new RetrieveError(
      "invalid_data",
      `${path}:${faultyLine(bytes)}: not UTF-8; convert it first, for example: iconv -f WINDOWS-1252 -t UTF-8`,
    );
  }
  return unixLines(new TextDecoder().decode(bytes));
}

/** As {@link decodeText}; a page that is not UTF-8 is read in the character set that it declares. */
export function decodeHtml(bytes: Uint8Array, path: string): string {
  const head = Buffer.from(bytes.subarray(0, 1024)).toString("latin1");
  const declared = /<meta[^>]+charset=["']?([\w-]+)/i.exec(head)?.[1];
  if (declared === undefined || isUtf8(bytes) || bytes.includes(0)) return decodeText(bytes, path);
  try {
    return unixLines(new TextDecoder(declared, { fatal: true }).decode(bytes));
  } catch {
    return decodeText(bytes, path); // says what is wrong and where
  }
}

const marks = [
  { encoding: "utf-16le", start: [0xff, 0xfe] },
  { encoding: "utf-16be", start: [0xfe, 0xff] },
];

function unixLines(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}

/** The line of the first byte that is not UTF-8: a line break is never part of a longer character. */
function faultyLine(bytes: Uint8Array): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    if (!isUtf8(bytes.subarray(start, end))) return line;
    start = end;
  }
  return line;
}

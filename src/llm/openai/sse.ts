/** Server-sent events (WHATWG HTML, section 9.2.6), as far as streamed answers use them: their data. */

import { RetrieveError } from "../../std/index.ts";

/** Characters that one event may have. */
const maxEvent = 16 * 1024 * 1024;

/**
 * The data of each event, its lines joined by newlines. Bytes may be cut anywhere; comments and other fields are left out.
 *
 * Against the standard a last event counts though no empty line ends it: servers that close at once leave it out.
 * Throws `network` for an event that is larger than 16 million characters.
 */
export async function* eventData(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let data: string[] = [];
  let size = 0;
  for await (const line of linesOf(chunks)) {
    if (line === "") {
      if (data.length > 0) yield data.join("\n");
      data = [];
      size = 0;
      continue;
    }
    const value = /^data(?:: ?([\s\S]*))?$/.exec(line);
    if (value === null) continue;
    data.push(value[1] ?? "");
    size += line.length;
    if (size > maxEvent) throw tooLarge();
  }
  if (data.length > 0) yield data.join("\n");
}

/** Lines end with CRLF, LF or CR; the two characters of a CRLF may come in two chunks. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    const isOpen = !/[\r\n]/.test(text) && !rest.endsWith("\r");
    rest += text;
    if (rest.length > maxEvent) throw tooLarge();
    if (isOpen) continue;
    const held = rest.endsWith("\r") ? "\r" : "";
    const lines = rest.slice(0, rest.length - held.length).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? "") + held;
    yield* lines;
  }
  rest += decoder.decode();
  yield* rest.split(/\r\n|\n|\r/);
}

function tooLarge(): RetrieveError {
  return new RetrieveError(
    "network",
    `the server streams an event of more than ${maxEvent} characters; wanted less`,
  );
}

/** Lines of a byte stream with the place where each begins, so that one can be found again without the others. */

export interface ByteLine {
  /** Without its newline. */
  readonly bytes: Buffer;
  /** Bytes before it. */
  readonly start: number;
  /** Whether a newline ended it; false only for the last line of a stream that does not end with one. */
  readonly ended: boolean;
}

/** The lines of `chunks` in order, empty ones too. Memory: one line and one chunk. */
export async function* scanLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<ByteLine> {
  let begun: Buffer[] = []; // the parts of a line that chunks before held
  let start = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      const bytes = joined([...begun, chunk.subarray(from, end)]);
      yield { bytes, start, ended: true };
      begun = [];
      start += bytes.length + 1;
      from = end + 1;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
  if (begun.length > 0) yield { bytes: joined(begun), start, ended: false };
}

const newline = 0x0a;

function joined(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

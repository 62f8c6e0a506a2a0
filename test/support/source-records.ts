/** Source records for tests of collections. */

import type { SourceRecord } from "#src/retrieve/index.js";
import type { Scalar } from "#src/store/index.js";

interface RecordOptions {
  readonly origin?: string;
  readonly metadata?: Readonly<Record<string, Scalar>>;
}

/** A record of one document for each text; its hash is of the texts. */
export function sourceRecord(
  id: string,
  texts: string | string[],
  options: RecordOptions = {},
): SourceRecord {
  const { origin = "test", metadata = {} } = options;
  const chunks = typeof texts === "string" ? [texts] : texts;
  const documents = chunks.map((text, index) => ({
    id: typeof texts === "string" ? id : `${id}#${index}`,
    text,
    value: { passage: text },
    source: `${id}.md:${index + 1}`,
    metadata,
  }));
  return { id, hash: JSON.stringify([chunks, metadata]), origin, documents };
}

/**
 * The file of a catalogue: derived, replaced atomically, and refused when anything about it is off.
 *
 *     8 bytes   "RETRLEX" and the format version
 *     u32       crc32 of all that follows
 *     u32       length of the header
 *     header    JSON: store version, entries, terms, and how long each of the arrays is
 *     arrays    lengths u32, offsets u32, documents u32, counts u16; little endian, each aligned to 4 bytes
 */

import { readFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { messageOf, systemCode, writeFileAtomic } from "../std/index.ts";
import { type Bm25Snapshot, createBm25 } from "./bm25.ts";
import { type Catalogue, type CatalogueEntry, createCatalogue } from "./catalogue.ts";

const magic = "RETRLEX1";
const prefix = 16;

/** A catalogue as of one version of its store. */
export interface FiledCatalogue {
  readonly version: string;
  readonly catalogue: Catalogue;
}

interface Header {
  readonly version: string;
  /** In the order of the BM25 index. */
  readonly entries: readonly CatalogueEntry[];
  readonly terms: readonly string[];
  readonly postings: number;
}

/** Writes the file, complete or not at all. Throws `disk`. */
export async function writeCatalogue(path: string, { version, catalogue }: FiledCatalogue): Promise<void> {
  const { ids, lengths, terms, offsets, documents, counts } = catalogue.bm25.snapshot();
  const entries = ids.flatMap((id) => catalogue.entries.get(id) ?? []);
  const header: Header = { version, entries, terms, postings: documents.length };
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc(-text.length & 3, " ")]);
  const body = [u32(padded.length), padded, ...[lengths, offsets, documents, counts].map(bytesOf)];
  // An empty array has no memory, for which crc32 begins anew.
  const sum = body.reduce((crc, part) => (part.length === 0 ? crc : crc32(part, crc)), 0);
  await writeFileAtomic(path, [Buffer.from(magic), u32(sum), ...body]);
}

/** What the file holds; undefined where there is none, or one that is damaged or of another format, which is told. */
export async function readCatalogue(
  path: string,
  onNotice: (message: string) => void = () => {},
): Promise<FiledCatalogue | undefined> {
  try {
    return parse(await readFile(path));
  } catch (error) {
    if (!["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) {
      onNotice(
        `${path}: cannot be used (${messageOf(error)}); the BM25 index is built again from the stored texts`,
      );
    }
    return undefined;
  }
}

function parse(file: Buffer): FiledCatalogue {
  if (file.toString("latin1", 0, magic.length) !== magic) throw new Error("not a BM25 index of this version");
  if (crc32(file.subarray(12)) !== file.readUInt32LE(8)) throw new Error("its checksum does not match");
  const arraysAt = prefix + file.readUInt32LE(12);
  const header = JSON.parse(file.toString("utf8", prefix, arraysAt)) as Header;
  const { version, entries, terms, postings } = header;
  const view = cursor(file, arraysAt);
  const snapshot: Bm25Snapshot = {
    ids: entries.map(({ id }) => id),
    lengths: new Uint32Array(view(4 * entries.length)),
    terms,
    offsets: new Uint32Array(view(4 * (terms.length + 1))),
    documents: new Uint32Array(view(4 * postings)),
    counts: new Uint16Array(view(2 * postings)),
  };
  return { version, catalogue: createCatalogue(entries, createBm25({}, snapshot)) };
}

/** Copies of the next bytes, so that typed arrays are aligned whatever the file's buffer is. */
function cursor(file: Buffer, start: number): (length: number) => ArrayBuffer {
  let at = start;
  return (length) => {
    const bytes = Uint8Array.from(file.subarray(at, at + length));
    if (bytes.length < length) throw new Error("it ends too early");
    at += length;
    return bytes.buffer;
  };
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function bytesOf(array: Uint32Array | Uint16Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

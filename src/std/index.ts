/** What the standard library could have had. Knows nothing of retrieval. */

export { mapConcurrently } from "./concurrent.ts";
export { type ErrorCode, messageOf, RetrieveError, systemCode } from "./errors.ts";
export { diskError, hashFile, readBytes, readText, writeFileAtomic, writeFolderAtomic } from "./files.ts";
export { type BoundedHeap, createBoundedHeap } from "./heap.ts";
export { readJsonArray } from "./json-array.ts";
export { formatJsonLine, type JsonLine, parseJsonLine, readJsonLines } from "./jsonl.ts";
export { type ByteLine, scanLines } from "./lines.ts";
export { type Release, takeLock } from "./lock.ts";
export { nearest } from "./nearest.ts";
export { loadPeer } from "./peer.ts";
export type { OnNotice, OnProgress, Progress } from "./progress.ts";
export { createRandom, normal, type Random, shuffle } from "./random.ts";
export { packageVersion } from "./version.ts";

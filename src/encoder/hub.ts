/**
 * Models from a hub in the layout of huggingface.co, into a cache on disk.
 *
 * `CACHE/hub/OWNER--NAME/COMMIT/` is a complete model folder or not there; `COMMIT.partial/` is a download that can go
 * on; `refs/REVISION` names the commit of a branch or tag. Reading the cache opens no socket.
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open as openFile, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ListFileEntry } from "@huggingface/hub";
import { diskError, messageOf, RetrieveError, readText, systemCode, writeFileAtomic } from "../std/index.ts";
import type { OpenEncoderOptions } from "./encoder.ts";
import { exists, optionalFiles, pickleError, weightFiles } from "./folder.ts";

export type HubOptions = Pick<
  OpenEncoderOptions,
  "cacheFolder" | "hubEndpoint" | "offline" | "signal" | "onProgress" | "onNotice"
>;

/** A model of the hub: `owner/name`, or `owner/name@revision`. */
export interface HubId {
  readonly name: string;
  readonly revision: string;
}

/** Times that a broken connection is taken up again before the error is told. */
const attempts = 5;

/** Faults of the disk that no further attempt mends. */
const diskCodes: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EACCES", "EPERM", "EROFS"]);

export const defaultCacheFolder: string = join(homedir(), ".cache", "retrieve-anything");

/** The parts of a hub id, or undefined for a string that is none. The revision is `main` where it is not given. */
export function parseHubId(text: string): HubId | undefined {
  const match = /^([\w-][\w.-]*\/[\w-][\w.-]*)(?:@([\w-][\w./-]*))?$/.exec(text);
  const [, name, revision = "main"] = match ?? [];
  return name === undefined || revision.includes("..") ? undefined : { name, revision };
}

/** The folder of a model in the cache, undefined when it is not there. Opens no socket. */
export async function cachedModel(id: HubId, cacheFolder: string): Promise<string | undefined> {
  const home = homeOf(id, cacheFolder);
  const ref = refOf(home, id.revision);
  const commit = (await exists(ref)) ? (await readText(ref)).trim() : id.revision;
  const folder = join(home, commit);
  return isCommit(commit) && (await exists(folder)) ? folder : undefined;
}

/**
 * Downloads what is missing of a model and returns its folder. A download that broke goes on where it stopped, in this
 * call or a later one; size and hash of every file are checked before the folder appears.
 *
 * Throws `offline` when that is set, `not_found` for an unknown model, `network` for a server that cannot be reached or
 * whose file differs from its hash, `unsupported` for a model without weights that open here.
 */
export async function pullModel(id: HubId, options: HubOptions): Promise<string> {
  const { cacheFolder = defaultCacheFolder } = options;
  if (options.offline) {
    throw new RetrieveError(
      "offline",
      `${id.name}@${id.revision} is not in the cache ${cacheFolder}, and offline mode opens no socket; ` +
        `run \`retrieve models pull ${id.name}@${id.revision}\` while online`,
    );
  }
  const home = homeOf(id, cacheFolder);
  const hub = await connect(id, options);
  const commit = await hub.commit();
  const folder = join(home, commit);
  if (!(await exists(folder))) {
    options.onNotice?.(`downloading ${id.name}@${commit.slice(0, 12)} into ${cacheFolder}`);
    await downloadAll(hub, commit, `${folder}.partial`, id, options);
    await rename(`${folder}.partial`, folder).catch((error: unknown) => {
      throw diskError(error, folder);
    });
  }
  await writeFileAtomic(refOf(home, id.revision), `${commit}\n`);
  return folder;
}

/** The three questions that are asked of a hub, with its errors in our words. */
interface Hub {
  commit(): Promise<string>;
  files(commit: string): Promise<ListFileEntry[]>;
  /** The content of a file from a byte on. */
  content(path: string, commit: string, from: number): Promise<ReadableStream<Uint8Array>>;
}

async function connect(id: HubId, { hubEndpoint, signal }: HubOptions): Promise<Hub> {
  const { downloadFile, listFiles, modelInfo } = await import("@huggingface/hub");
  const shared = {
    ...(hubEndpoint !== undefined && { hubUrl: hubEndpoint.replace(/\/+$/, "") }),
    fetch: ((input, init) => fetch(input, { ...init, ...(signal && { signal }) })) satisfies typeof fetch,
  };
  const repo = { type: "model", name: id.name } as const;
  const ask = async <Answer>(question: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await question();
    } catch (error) {
      signal?.throwIfAborted();
      throw hubError(error, id);
    }
  };
  return {
    commit: () =>
      ask(async () => {
        const asked = { name: id.name, revision: id.revision, additionalFields: ["sha" as const], ...shared };
        const { sha } = await modelInfo(asked);
        if (isCommit(sha)) return sha;
        throw new RetrieveError(
          "network",
          `the hub names no commit for ${id.name}@${id.revision}, got ${sha}`,
        );
      }),
    files: (commit) =>
      ask(async () => {
        const files: ListFileEntry[] = [];
        for await (const file of listFiles({ repo, revision: commit, recursive: true, ...shared }))
          files.push(file);
        return files;
      }),
    content: (path, commit, from) =>
      ask(async () => {
        const blob = await downloadFile({ repo, path, revision: commit, xet: false, ...shared });
        if (blob !== null) return blob.slice(from, blob.size).stream();
        throw new RetrieveError("not_found", `${id.name}: the hub lists ${path} but does not have it`);
      }),
  };
}

async function downloadAll(
  hub: Hub,
  commit: string,
  folder: string,
  id: HubId,
  options: HubOptions,
): Promise<void> {
  const wanted = chooseFiles(await hub.files(commit), id);
  const total = wanted.reduce((sum, { size }) => sum + size, 0);
  let finished = 0;
  for (const file of wanted) {
    const path = join(folder, file.path);
    const report = (bytes: number): void =>
      options.onProgress?.({ done: finished + bytes, total, unit: "bytes" });
    await downloadFileTo(path, file, (from) => hub.content(file.path, commit, from), report, options.signal);
    finished += file.size;
    report(0);
  }
}

/** What of a repository is needed: the JSON files that are read here, and the first form of weights that opens. */
function chooseFiles(files: readonly ListFileEntry[], id: HubId): ListFileEntry[] {
  const byPath = new Map(files.filter(({ type }) => type === "file").map((file) => [file.path, file]));
  const weights = weightFiles.find((path) => byPath.has(path));
  if (weights === undefined) {
    if (byPath.has("pytorch_model.bin")) throw pickleError(id.name);
    throw new RetrieveError("unsupported", `${id.name}: has none of ${weightFiles.join(", ")}`);
  }
  const described = ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"];
  const paths = [...described, ...optionalFiles, weights, `${weights}_data`];
  return paths.flatMap((path) => byPath.get(path) ?? []);
}

/** One file, complete and checked at `path`, from what of it is there already. */
async function downloadFileTo(
  path: string,
  file: ListFileEntry,
  open: (from: number) => Promise<ReadableStream<Uint8Array>>,
  report: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  let fault: unknown;
  for (let attempt = 0; (await sizeOf(path)) < file.size; attempt++) {
    if (attempt === attempts) throw brokenError(file, await sizeOf(path), fault);
    fault = await append(path, open, report).catch((error: unknown) => {
      signal?.throwIfAborted();
      return passing(error, path);
    });
  }
  await check(path, file);
}

/** The error of a connection, which another attempt may mend; any other is thrown. */
function passing(error: unknown, path: string): unknown {
  const fault = diskCodes.has(systemCode(error) ?? "") ? diskError(error, path) : error;
  if (RetrieveError.isInstance(fault) && fault.code !== "network") throw fault;
  return fault;
}

function brokenError(file: ListFileEntry, bytes: number, cause: unknown): RetrieveError {
  const reason = cause === undefined ? "the server ends it early" : messageOf(cause);
  const got = `got ${bytes} of ${file.size} bytes of ${file.path} (${reason})`;
  return new RetrieveError("network", `${got}; run the same again to go on from there`, { cause });
}

/** What comes, onto the end of the file; every part is written before the next is read. */
async function append(
  path: string,
  open: (from: number) => Promise<ReadableStream<Uint8Array>>,
  report: (bytes: number) => void,
): Promise<void> {
  let bytes = await sizeOf(path);
  const stream = await open(bytes);
  const file = await openFile(path, "a");
  try {
    for await (const part of stream) {
      await file.writeFile(part);
      bytes += part.length;
      report(bytes);
    }
  } finally {
    await file.close();
  }
}

/** The hub gives SHA-256 for large files and git's SHA-1 of `blob SIZE\0CONTENT` for the others. */
async function check(path: string, { path: name, size, lfs, oid }: ListFileEntry): Promise<void> {
  const wanted = lfs?.oid ?? oid;
  const hash = lfs === undefined ? createHash("sha1").update(`blob ${size}\0`) : createHash("sha256");
  await pipeline(createReadStream(path), hash);
  const got = hash.digest("hex");
  const bytes = await sizeOf(path);
  if (got === wanted && bytes === size) return;
  await rm(path, { force: true });
  throw new RetrieveError(
    "network",
    `${name}: what was downloaded (${bytes} bytes, hash ${got}) is not what the hub describes (${size} bytes, ` +
      `hash ${wanted}); it was deleted, run the same again`,
  );
}

function hubError(error: unknown, id: HubId): unknown {
  if (RetrieveError.isInstance(error)) return error;
  const cause = { cause: error };
  const status = typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : 0;
  if (status === 401 || status === 403 || status === 404) {
    const what = `${id.name}@${id.revision}: the hub has no such public model or revision`;
    return new RetrieveError(
      "not_found",
      `${what} (status ${status}); check the name, or write ./ before a folder`,
      cause,
    );
  }
  const reason =
    error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
  const remedy = "check the connection, or use a model on disk with offline mode";
  return new RetrieveError("network", `${id.name}: the hub cannot be reached (${reason}); ${remedy}`, cause);
}

async function sizeOf(path: string): Promise<number> {
  return (await exists(path)) ? (await stat(path)).size : 0;
}

function homeOf(id: HubId, cacheFolder: string): string {
  return join(cacheFolder, "hub", id.name.replace("/", "--"));
}

function refOf(home: string, revision: string): string {
  return join(home, "refs", encodeURIComponent(revision));
}

function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

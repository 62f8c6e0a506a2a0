/**
 * One writer a folder: a file that names the process that writes.
 *
 * A process that died leaves its file behind; the next writer sees that it is dead and takes over. Process ids are
 * used again by the system, so the file also says when its process began, where the system tells.
 */

import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RetrieveError, systemCode } from "./errors.ts";
import { diskError } from "./files.ts";
import type { OnNotice } from "./progress.ts";

export interface LockOptions {
  /** Waits for the holder instead of failing with `locked`. */
  readonly wait?: boolean;
  /** What a person can do who meets a holder, such as a flag that waits. Default: to wait or to end it. */
  readonly remedy?: string;
  readonly onNotice?: OnNotice;
  readonly signal?: AbortSignal;
}

/** Gives the lock back. */
export type Release = () => Promise<void>;

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, in the system's own words; empty where it does not tell. */
  readonly birth: string;
  /** When the lock was taken. */
  readonly since: string;
  readonly token: string;
}

const pollMs = 50;

/** A file without content is a lock being written, or one whose writer died within that instant. */
const unwrittenMs = 2000;

/** Takes the lock. Throws `locked`, naming the process, when another holds it. */
export async function takeLock(path: string, options: LockOptions = {}): Promise<Release> {
  const { wait = false, remedy = "wait until it is done", onNotice, signal } = options;
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    birth: await birthOf(process.pid),
    since: new Date().toISOString(),
    token: randomUUID(),
  };
  let isTold = false;
  while (!(await create(path, own))) {
    signal?.throwIfAborted();
    const holder = await readHolder(path);
    if (holder !== undefined && (await isStale(holder, path))) {
      if (await takeOver(path, holder)) continue;
    } else if (!wait) {
      throw new RetrieveError("locked", `${dirname(path)}: ${wordsFor(holder, path, remedy)}`);
    } else if (!isTold) {
      onNotice?.(`waiting: ${wordsFor(holder, path, remedy)}`);
      isTold = true;
    }
    await sleep(pollMs, undefined, signal === undefined ? {} : { signal });
  }
  return async () => {
    const holder = await readHolder(path);
    if (holder !== "unwritten" && holder?.token === own.token) await rm(path, { force: true });
  };
}

/** Whether the file was made; false when there is one. */
async function create(path: string, content: Holder): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, "wx");
    try {
      await file.writeFile(JSON.stringify(content));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw diskError(error, path);
  }
}

/** Undefined where there is no lock any more. */
async function readHolder(path: string): Promise<Holder | "unwritten" | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Holder;
  } catch (error) {
    if (error instanceof SyntaxError) return "unwritten";
    if (systemCode(error) === "ENOENT") return undefined;
    throw diskError(error, path);
  }
}

async function isStale(holder: Holder | "unwritten", path: string): Promise<boolean> {
  if (holder === "unwritten") return (await ageOf(path)) > unwrittenMs;
  if (holder.host !== hostname()) return false;
  return !isAlive(holder.pid) || (await birthOf(holder.pid)) !== holder.birth;
}

/**
 * Removes the file of a dead holder. Two processes may find it dead together, and the slower one must not remove the
 * lock that the faster has taken since: only who makes the second file looks again and removes.
 */
async function takeOver(path: string, dead: Holder | "unwritten"): Promise<boolean> {
  const claim = `${path}.claim`;
  if ((await ageOf(claim)) > unwrittenMs) await rm(claim, { force: true });
  const own: Holder = { pid: process.pid, host: hostname(), birth: "", since: "", token: "" };
  if (!(await create(claim, own))) return false;
  try {
    const holder = await readHolder(path);
    const isSame = JSON.stringify(holder) === JSON.stringify(dead);
    if (isSame) await rm(path, { force: true });
    return isSame;
  } finally {
    await rm(claim, { force: true });
  }
}

/** Since it was written, in ms; 0 where there is no such file. */
async function ageOf(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}

/** The start of a process in clock ticks since the machine began, field 22 of Linux's `/proc/PID/stat`. */
async function birthOf(pid: number): Promise<string> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, "utf8");
    return line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function wordsFor(holder: Holder | "unwritten" | undefined, path: string, remedy: string): string {
  if (holder === undefined || holder === "unwritten")
    return "another process is just beginning to write here";
  const isHere = holder.host === hostname();
  const place = isHere ? "" : ` on ${holder.host}`;
  const end = isHere ? ", or end it" : `; if that machine is gone, delete ${path}`;
  return `process ${holder.pid}${place} has been writing here since ${holder.since}; ${remedy}${end}`;
}

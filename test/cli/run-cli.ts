/** Runs the built command line in a process of its own, as a user does. */

import { execFile } from "node:child_process";
import { resolve } from "node:path";

const main = resolve(import.meta.dirname, "../../dist/cli/main.js");

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `retrieve ARGUMENTS…` to its end; `env` adds to a clean environment without `RETRIEVE_…`. */
export function retrieve(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string>; readonly input?: string } = {},
): Promise<Finished> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("RETRIEVE_"));
  const env = { ...Object.fromEntries(kept), ...options.env };
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [main, ...args],
      { cwd: options.cwd, env, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) =>
        done({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, stdout, stderr }),
    );
    child.stdin?.end(options.input ?? "");
  });
}

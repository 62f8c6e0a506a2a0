/** Runs the built command line inside the test, against streams of its own: as a process does, without its start. */

import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { run } from "#src/cli/run.js";
import type { Finished } from "./run-cli.ts";

export interface HereOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Given, stdout is a terminal of this width. */
  readonly columns?: number;
  readonly signal?: AbortSignal;
}

/** `retrieve ARGUMENTS…` to its end. */
export async function retrieveHere(args: readonly string[], options: HereOptions = {}): Promise<Finished> {
  const { columns, input = "", env = {}, signal = new AbortController().signal } = options;
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  const stdout = Object.assign(new PassThrough(), terminal);
  const stderr = new PassThrough();
  const printed = Promise.all([text(stdout), text(stderr)]);
  const code = await run(args, { stdin: Readable.from([input]), stdout, stderr, env }, signal);
  stdout.end();
  stderr.end();
  const [out, err] = await printed;
  return { code, stdout: out, stderr: err };
}

/** A value whose shape the test itself asserts. */
export type Json = ReturnType<typeof JSON.parse>;

/** What a command that must succeed prints with `--json`. */
export async function jsonOf(args: readonly string[], options?: HereOptions): Promise<Json> {
  const { code, stdout, stderr } = await retrieveHere([...args, "--json"], options);
  if (code !== 0) throw new Error(`retrieve ${args.join(" ")}: exit ${code}\n${stderr}`);
  return JSON.parse(stdout);
}

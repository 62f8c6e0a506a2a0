/** `retrieve encode`: one vector per line of text. */

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import type { Side } from "../encoder/index.ts";
import { diskError, writeFileAtomic } from "../std/index.ts";
import { formatNpyHeader } from "../tensor/index.ts";
import type { Context, DefineCommand } from "./command.ts";
import { choiceOf, encoderSettings, type GlobalOptions, option } from "./options.ts";
import { showProgress } from "./progress.ts";
import { note, printJson } from "./terminal.ts";

interface EncodeFlags extends GlobalOptions {
  readonly task: string;
  readonly side: Side;
  readonly out?: string;
}

const sides: readonly Side[] = ["query", "document"];

export const defineEncode: DefineCommand = (program, context) => {
  program
    .command("encode")
    .description("print one vector per line of FILE, or of standard input")
    .argument("[file]", "text, one a line; default standard input")
    .addOption(option("--task <task>", "instruction pair").default("qa"))
    .addOption(option("--side <side>", sides.join(", ")).argParser(choiceOf(sides)).makeOptionMandatory())
    .addOption(option("--out <file.npy>", "a NumPy matrix instead of JSON Lines"))
    .addHelpText("after", "\nExample:\n  echo 'how tall is Everest' | retrieve encode --task qa --side query")
    .action(async (file: string | undefined, _flags: unknown, command: Command) => {
      await encodeLines(context, command.optsWithGlobals<EncodeFlags>(), file);
    });
};

async function encodeLines(context: Context, flags: EncodeFlags, file: string | undefined): Promise<void> {
  const { terminal, signal } = context;
  const progress = showProgress(terminal, flags, "encoding");
  const { openEncoder } = await import("../encoder/index.ts");
  const encoder = await openEncoder(flags.model?.at(-1) ?? "mini", {
    ...encoderSettings(flags),
    signal,
    onNotice: (message) => note(terminal, flags, message),
  });
  try {
    const options = { task: flags.task, signal, onProgress: progress.report };
    const vectors = encoder.encode(flags.side, linesOf(context, file), options);
    if (flags.out === undefined) {
      for await (const vector of vectors) printJson(terminal, { embedding: Array.from(vector) });
    } else {
      await writeMatrix(flags.out, vectors, encoder.dimensions);
    }
  } finally {
    progress.stop();
    await encoder.close();
  }
}

async function* linesOf({ terminal }: Context, file: string | undefined): AsyncGenerator<string> {
  const input = file === undefined ? terminal.stdin : createReadStream(file, "utf8");
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw diskError(error, file ?? "standard input");
  }
}

/** The header of a matrix tells its rows, so all vectors are held until the last: 4 bytes a number. */
async function writeMatrix(
  path: string,
  vectors: AsyncIterable<Float32Array>,
  columns: number,
): Promise<void> {
  const rows: Uint8Array[] = [];
  for await (const vector of vectors) {
    rows.push(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
  }
  await writeFileAtomic(path, [formatNpyHeader(rows.length, columns), ...rows]);
}

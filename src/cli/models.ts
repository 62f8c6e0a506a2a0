/** `retrieve models`: encoders on this machine, and their files. */

import type { Command } from "commander";
import type { ListedModel, ModelDescription } from "../encoder/index.ts";
import type { Context, DefineCommand } from "./command.ts";
import { cut, megabytes, table } from "./layout.ts";
import { defineMerge } from "./merge.ts";
import { choiceOf, type GlobalOptions, option } from "./options.ts";
import { showProgress } from "./progress.ts";
import { columns, print, printJson, type Terminal } from "./terminal.ts";

interface WriteFlags extends GlobalOptions {
  readonly out: string;
}

export const defineModels: DefineCommand = (program, context) => {
  const models = program
    .command("models")
    .description("list, fetch, convert and merge encoders")
    .addHelpText("after", "\nExample:\n  retrieve models pull intfloat/multilingual-e5-small");
  defineList(models, context);
  definePull(models, context);
  defineShow(models, context);
  defineQuantize(models, context);
  defineExport(models, context);
  defineMerge(models, context);
};

const defineList: DefineCommand = (models, { terminal }) => {
  models
    .command("list")
    .description("bundled and cached encoders")
    .addHelpText("after", "\nExample:\n  retrieve models list")
    .action(async (_flags: unknown, command: Command) => {
      const { listModels } = await import("../encoder/index.ts");
      const found = await listModels();
      if (command.optsWithGlobals<GlobalOptions>().json) printJson(terminal, found);
      else showList(terminal, found);
    });
};

const definePull: DefineCommand = (models, context) => {
  models
    .command("pull")
    .description("download an encoder into the cache; resumes, checks size and hash")
    .argument("<model>", "OWNER/NAME or OWNER/NAME@REVISION")
    .addHelpText("after", "\nExample:\n  retrieve models pull BAAI/bge-small-en-v1.5")
    .action(async (model: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalOptions>();
      const { terminal, signal } = context;
      const { fetchModel } = await import("../encoder/index.ts");
      const progress = showProgress(terminal, flags, `pulling ${model}`);
      const folder = await fetchModel(model, {
        offline: flags.offline,
        onProgress: progress.report,
        signal,
      }).finally(progress.stop);
      if (flags.json) printJson(terminal, { model, folder });
      else print(terminal, `${model} is in ${folder}`);
    });
};

const defineShow: DefineCommand = (models, { terminal }) => {
  models
    .command("show")
    .description("what an encoder is made of")
    .argument("<model>", "a bundled name, a folder or a hub id")
    .addHelpText("after", "\nExample:\n  retrieve models show mini")
    .action(async (model: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalOptions>();
      const { describeModel } = await import("../encoder/index.ts");
      const description = await describeModel(model, { offline: flags.offline });
      if (flags.json) printJson(terminal, description);
      else showDescription(terminal, description);
    });
};

const defineQuantize: DefineCommand = (models, context) => {
  models
    .command("quantize")
    .description("write an int8 copy of an encoder, a quarter of the size")
    .argument("<model>", "a bundled name, a folder or a hub id")
    .addOption(option("--out <dir>", "new folder").makeOptionMandatory())
    .addHelpText("after", "\nExample:\n  retrieve models quantize ./my-encoder --out ./my-encoder-int8")
    .action((model: string, _flags: unknown, command: Command) =>
      write(context, model, command.optsWithGlobals<WriteFlags>(), "quantizeModel"),
    );
};

const defineExport: DefineCommand = (models, context) => {
  models
    .command("export")
    .description("write a float32 copy that sentence-transformers and FlagEmbedding open")
    .argument("<model>", "a bundled name, a folder or a hub id")
    .addOption(
      option("--dtype <dtype>", "f32")
        .argParser(choiceOf(["f32"]))
        .default("f32"),
    )
    .addOption(option("--out <dir>", "new folder").makeOptionMandatory())
    .addHelpText("after", "\nExample:\n  retrieve models export mini --dtype f32 --out ./mini-f32")
    .action((model: string, _flags: unknown, command: Command) =>
      write(context, model, command.optsWithGlobals<WriteFlags>(), "exportModel"),
    );
};

async function write(
  { terminal }: Context,
  model: string,
  flags: WriteFlags,
  form: "exportModel" | "quantizeModel",
): Promise<void> {
  const { fetchModel, [form]: writeModel } = await import("../encoder/index.ts");
  const folder = await fetchModel(model, { offline: flags.offline });
  const written = await writeModel(folder, flags.out);
  if (flags.json) printJson(terminal, written);
  else print(terminal, `${flags.out}: ${megabytes(written.bytes)}`);
}

function showList(terminal: Terminal, models: readonly ListedModel[]): void {
  const rows = models.map(({ name, source, bytes }) => [name, source, megabytes(bytes)]);
  for (const line of table([["model", "from", "size"], ...rows])) print(terminal, line);
}

function showDescription(terminal: Terminal, description: ModelDescription): void {
  const { instructions, ...others } = description;
  const given = Object.entries(instructions).filter(([, { query, document }]) => query + document !== "");
  const rows = [
    ...rowsOf(others),
    ...(given.length === 0
      ? [["instructions", "none"]]
      : rowsOf({ instructions: Object.fromEntries(given) })),
  ];
  for (const line of table(rows)) print(terminal, cut(line, columns(terminal)));
}

/** A row for each value, those of an object, or of a list of objects, indented below its name. */
function rowsOf(fields: object, indent = ""): string[][] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (isNested(value)) return [[indent + name, ""], ...rowsOf(value, `${indent}  `)];
    return [[indent + name, Array.isArray(value) ? value.join(", ") : String(value ?? "unknown")]];
  });
}

function isNested(value: unknown): value is object {
  return Array.isArray(value) ? value.some(isNested) : typeof value === "object" && value !== null;
}

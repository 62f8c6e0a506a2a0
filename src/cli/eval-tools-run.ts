/** `retrieve eval tools-run`: tools from request to answer. */

import { join } from "node:path";
import type { Command } from "commander";
import type { BenchmarkRun } from "../eval/index.ts";
import type { LanguageModel } from "../llm/index.ts";
import type { SearchMethod } from "../retrieve/index.ts";
import { RetrieveError } from "../std/index.ts";
import { cacheFolder } from "./cache-folder.ts";
import type { Context } from "./command.ts";
import { assertFloors, type Floor } from "./eval-floor.ts";
import { addRunOptions, reportOf, showRuns } from "./eval-runs.ts";
import { type LanguageModelFlags, openModelAt } from "./language-model.ts";
import { paragraph } from "./layout.ts";
import {
  choiceOf,
  collect,
  encoderSettings,
  type GlobalOptions,
  option,
  searchMethods,
  wholeNumber,
} from "./options.ts";
import { showProgress } from "./progress.ts";
import { samples, sampleTools, startSampleService } from "./samples.ts";
import { note, printJson } from "./terminal.ts";

interface ToolsRunFlags extends GlobalOptions, LanguageModelFlags {
  readonly llm: readonly string[];
  readonly method?: readonly SearchMethod[];
  readonly source?: readonly string[];
  readonly allow?: readonly string[];
  readonly k?: number;
  readonly maxQueries?: number;
  readonly seed: number;
  readonly out?: string;
  readonly cache?: string;
  readonly min?: readonly Floor[];
}

/** Where the tools are, and which of them may run. */
interface Tools {
  readonly folder: string;
  readonly sources: readonly string[];
  readonly allow: readonly string[];
}

/** Adds `tools-run` under `retrieve eval`. */
export function defineToolsRun(evaluation: Command, context: Context): void {
  const repeated = collect((text) => text);
  const verb = evaluation
    .command("tools-run")
    .description("tools found, called, executed: is the answer right")
    .argument("<dir>", "folder with requests.jsonl, or samples for the shipped suite")
    .addOption(
      option("--llm <uri>", "openai:MODEL@URL; repeatable").argParser(repeated).makeOptionMandatory(),
    )
    .addOption(option("--source <tools>", "as `add tools` takes them; repeatable").argParser(repeated))
    .addOption(option("--allow <host|server>", "what may run; repeatable").argParser(repeated))
    .addOption(
      option("--method <method>", `${searchMethods.join(", ")}; repeatable; default hybrid`).argParser(
        collect(choiceOf(searchMethods)),
      ),
    )
    .addOption(option("--k <n>", "tools that the model is shown (default 5)").argParser(wholeNumber(1)));
  addRunOptions(verb);
  verb
    .addHelpText(
      "after",
      `\n${paragraph("DIR: requests.jsonl with {_id, text, tool, answers}: the tool that is right, and texts that a right answer holds. Tools run for real, and only those that --allow names; of `samples` all are.", 78, 9).join("\n")}\n\nExample:\n  retrieve eval tools-run samples --llm openai:qwen3@localhost:8000`,
    )
    .action((folder: string, _flags: unknown, command: Command) =>
      evaluate(context, folder, command.optsWithGlobals<ToolsRunFlags>()),
    );
}

async function evaluate(context: Context, folder: string, flags: ToolsRunFlags): Promise<void> {
  const service = folder === "samples" ? await startSampleService() : undefined;
  try {
    const tools =
      service === undefined
        ? namedTools(folder, flags)
        : {
            folder: join(samples, "tools"),
            sources: sampleTools(service),
            allow: [service.host, "ships-library"],
          };
    const runs: BenchmarkRun[] = [];
    for (const uri of flags.llm) {
      const model = await openModelAt(context, flags, uri);
      try {
        runs.push(...(await withModel(context, tools, flags, { model, uri })));
      } finally {
        await model.close();
      }
    }
    const reports = runs.map(({ receipt }) => reportOf(receipt));
    if (flags.json) printJson(context.terminal, reports.length === 1 ? reports[0] : reports);
    else showRuns(context.terminal, runs, false);
    assertFloors(reports, flags.min ?? []);
  } finally {
    await service?.close();
  }
}

function namedTools(folder: string, { source = [], allow = [] }: ToolsRunFlags): Tools {
  if (source.length > 0) return { folder, sources: source, allow };
  throw new RetrieveError(
    "usage",
    "tools-run: no tools; name them with --source, as `retrieve add tools` takes them",
  );
}

async function withModel(
  { terminal, signal }: Context,
  { folder, sources, allow }: Tools,
  flags: ToolsRunFlags,
  { model, uri }: { readonly model: LanguageModel; readonly uri: string },
): Promise<BenchmarkRun[]> {
  const [{ runTools, writeBenchmarkRun }, { openEncoder }, { openCachedChat }] = await Promise.all([
    import("../eval/index.ts"),
    import("../encoder/index.ts"),
    import("../dataset/index.ts"),
  ]);
  const onNotice = (message: string): void => note(terminal, flags, message);
  await using chat = await openCachedChat(model, flags.cache ?? cacheFolder("scores"));
  const runs: BenchmarkRun[] = [];
  for (const named of flags.model ?? ["mini"]) {
    const progress = showProgress(terminal, flags, `tools-run ${named}`);
    const encoder = await openEncoder(named, { ...encoderSettings(flags), signal, onNotice });
    try {
      const own = await runTools({
        ...{ folder, sources, allow, encoder, model: chat.model, methods: flags.method ?? ["hybrid"] },
        ...{
          seed: flags.seed,
          named: { model: named, llm: uri },
          onNotice,
          onProgress: progress.report,
          signal,
        },
        ...(flags.k !== undefined && { k: flags.k }),
        ...(flags.maxQueries !== undefined && { maxQueries: flags.maxQueries }),
      });
      if (flags.out !== undefined) for (const run of own) await writeBenchmarkRun(flags.out, run);
      runs.push(...own);
    } finally {
      progress.stop();
      await encoder.close();
    }
  }
  const { calls, cached } = chat.spent();
  note(terminal, flags, `${model.name}: ${calls} calls, ${cached} known before`);
  return runs;
}

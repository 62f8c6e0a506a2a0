/** `retrieve eval verify`: does a receipt hold. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import type { Benchmark, Receipt, Verification } from "../eval/index.ts";
import { RetrieveError } from "../std/index.ts";
import { cacheFolder } from "./cache-folder.ts";
import type { Context } from "./command.ts";
import { type LanguageModelFlags, languageModelOptions, openModelAt } from "./language-model.ts";
import { encoderSettings, type GlobalOptions, option, wholeNumber } from "./options.ts";
import { showProgress } from "./progress.ts";
import { note, print, printJson, type Terminal } from "./terminal.ts";

interface VerifyFlags extends GlobalOptions, LanguageModelFlags {
  readonly dir?: string;
  readonly llm?: string;
  readonly sample: number;
}

/** Adds `verify` under `retrieve eval`. */
export function defineVerify(evaluation: Command, context: Context): void {
  const verb = evaluation
    .command("verify")
    .description("measure a sample of a receipt's queries again: does it hold?")
    .argument("<file>", "the receipt, as --out wrote it")
    .addOption(option("--dir <dir>", "the benchmark, where it does not lie where it lay"))
    .addOption(option("--llm <uri>", "the language model, where it has another name now"))
    .addOption(option("--sample <n>", "queries to measure again").default(20).argParser(wholeNumber(1)));
  for (const shared of languageModelOptions()) verb.addOption(shared);
  verb
    .addHelpText(
      "after",
      "\nExit 1 where it does not hold.\n\nExample:\n  retrieve eval verify runs/icl.examples.test.dense.mini.json",
    )
    .action((file: string, _flags: unknown, command: Command) =>
      verify(context, file, command.optsWithGlobals<VerifyFlags>()),
    );
}

async function verify(context: Context, file: string, flags: VerifyFlags): Promise<void> {
  const { terminal, signal } = context;
  const [{ benchmarks, readBenchmarkRun, verifyRun }, { openEncoder }, { openCachedModel }] =
    await Promise.all([
      import("../eval/index.ts"),
      import("../encoder/index.ts"),
      import("../dataset/index.ts"),
    ]);
  const run = await readBenchmarkRun(file);
  const { receipt } = run;
  const benchmark = verifiable(benchmarks, file, receipt);
  const uri = flags.llm ?? receipt.named.llm;
  if (receipt.llm !== null && uri === null) {
    throw new RetrieveError("usage", `${file}: was made with ${receipt.llm}; name it with --llm`);
  }
  const progress = showProgress(terminal, flags, "verifying");
  const onNotice = (message: string): void => note(terminal, flags, message);
  const answers = await mkdtemp(join(tmpdir(), "retrieve-verify-"));
  const model = receipt.llm === null || uri === null ? undefined : await openModelAt(context, flags, uri);
  const encoder = await openEncoder(flags.model?.at(-1) ?? receipt.named.model ?? "mini", {
    ...encoderSettings(flags),
    signal,
    onNotice,
  });
  try {
    await using cached = model === undefined ? undefined : await openCachedModel(model, answers);
    const verification = await verifyRun(run, {
      ...{ benchmark, encoder, sample: flags.sample, onNotice, onProgress: progress.report, signal },
      cacheFolder: cacheFolder("vectors"),
      ...(cached !== undefined && { model: cached }),
      ...(flags.dir !== undefined && { folder: flags.dir }),
    });
    progress.stop();
    show(terminal, flags, file, verification);
  } finally {
    progress.stop();
    await encoder.close();
    await model?.close();
    await rm(answers, { recursive: true, force: true });
  }
}

/** Throws `invalid_data` where the receipt does not hold. */
function show(terminal: Terminal, { json }: VerifyFlags, file: string, verification: Verification): void {
  const { holds, sampled, differences } = verification;
  if (json) printJson(terminal, { file, ...verification });
  else {
    for (const difference of differences) print(terminal, difference);
    print(terminal, `${holds ? "holds" : "does not hold"}: ${sampled} queries measured again`);
  }
  if (!holds)
    throw new RetrieveError("invalid_data", `${file}: does not hold; ${differences.length} differences`);
}

function verifiable(benchmarks: readonly Benchmark[], file: string, { benchmark: name }: Receipt): Benchmark {
  const benchmark = benchmarks.find((one) => one.name === name);
  if (benchmark !== undefined) return benchmark;
  throw new RetrieveError(
    "unsupported",
    `${file}: receipts of ${name} cannot be verified by a sample; those of ${benchmarks.map((one) => one.name).join(", ")} can`,
  );
}

/** `retrieve eval NAME`: a benchmark with its baselines, for each encoder and each language model. */

import type { Command } from "commander";
import type { CachedModel } from "../dataset/index.ts";
import type { Benchmark, BenchmarkRun, SystemMethod } from "../eval/index.ts";
import type { LanguageModel } from "../llm/index.ts";
import { cacheFolder } from "./cache-folder.ts";
import type { Context } from "./command.ts";
import { assertFloors, type Floor } from "./eval-floor.ts";
import { addRunOptions, reportOf, showRuns } from "./eval-runs.ts";
import { type LanguageModelFlags, openModelAt } from "./language-model.ts";
import { paragraph } from "./layout.ts";
import {
  atLeast,
  choiceOf,
  collect,
  encoderSettings,
  type GlobalOptions,
  option,
  wholeNumber,
} from "./options.ts";
import { showProgress } from "./progress.ts";
import { note, printJson } from "./terminal.ts";

/** What `--help` says of a benchmark; spelled out here because help must not wait for the floor that runs it. */
interface Described {
  readonly name: string;
  readonly summary: string;
  readonly layouts: string;
  readonly options: readonly (keyof typeof ownOptions)[];
  readonly example: string;
}

const methods: readonly (SystemMethod | "all")[] = [
  ...(["none", "random", "recency", "bm25", "dense", "hybrid", "oracle"] as const),
  "all",
];

const ownOptions = {
  corpus: () => option("--corpus <path>", "the passages, where they do not lie beside the questions"),
  k: () => option("--k <n>", "records given to the language model").argParser(wholeNumber(0)),
  shots: () => option("--shots <n>", "examples in the prompt").argParser(wholeNumber(0)),
  context: () => option("--context <n>", "tokens that the prompt may take").argParser(wholeNumber(1)),
  window: () =>
    option("--window <n>", "recent tokens that always stand (default 2048)").argParser(wholeNumber(1)),
  target: () => option("--target <n>", "tokens that are predicted (default 1024)").argParser(wholeNumber(1)),
  chunk: () => option("--chunk <n>", "tokens of a chunk (default 128)").argParser(wholeNumber(1)),
  integrate: () =>
    option(
      "--integrate <how>",
      "concat (default) or replace: found chunks before the window, or in its place",
    ).argParser(choiceOf(["concat", "replace"])),
  rouge: () =>
    option("--rouge <variant>", "rouge (default, as the paper) or rouge-score").argParser(
      choiceOf(["rouge", "rouge-score"]),
    ),
} as const;

interface BenchmarkFlags extends GlobalOptions, LanguageModelFlags {
  readonly task?: string;
  readonly split?: string;
  readonly method?: readonly (SystemMethod | "all")[];
  readonly llm?: readonly string[];
  readonly maxQueries?: number;
  readonly seed: number;
  readonly out?: string;
  readonly cache?: string;
  readonly min?: readonly Floor[];
  readonly trainedOn?: readonly string[];
  readonly k1?: number;
  readonly b?: number;
  readonly stem?: boolean;
  readonly corpus?: string;
  readonly k?: number;
  readonly shots?: number;
  readonly context?: number;
  readonly window?: number;
  readonly target?: number;
  readonly chunk?: number;
  readonly integrate?: "concat" | "replace";
  readonly rouge?: "rouge" | "rouge-score";
}

/** Flags that a run takes as they are. */
const given = [
  ...(["task", "split", "maxQueries", "trainedOn", "corpus", "k", "shots", "context"] as const),
  ...(["window", "target", "chunk", "integrate", "rouge"] as const),
];

const described: readonly Described[] = [
  {
    name: "mmlu",
    summary: "choices of 57 subjects, passages as knowledge: accuracy",
    layouts: "the bundle's qa/mmlu, or the owners' folder with test/SUBJECT_test.csv",
    options: ["k", "corpus"],
    example: "retrieve eval mmlu data/qa/mmlu --corpus data/qa/msmarco/corpus.json --llm llama:model.gguf",
  },
  {
    name: "popqa",
    summary: "questions about entities, passages as knowledge: accuracy",
    layouts: "the bundle's qa/popqa, or the owners' TSV file",
    options: ["k", "shots", "corpus"],
    example: "retrieve eval popqa data/qa/popqa --llm llama:model.gguf --method none --method hybrid",
  },
  {
    name: "nq",
    summary: "open questions: answer recall; with --llm exact match and F1",
    layouts:
      "the bundle's qa/nq, DPR's nq-SPLIT.qas.csv with --corpus, or a BEIR folder whose queries have metadata.answers",
    options: ["k", "shots", "corpus"],
    example: "retrieve eval nq data/qa/nq --method all",
  },
  {
    name: "icl",
    summary: "solved examples in the prompt: mean score over tasks",
    layouts:
      "the bundle's icl/icl, a folder with train.jsonl and test.jsonl ({input, output, options}), or a folder of those",
    options: ["shots", "context", "rouge"],
    example: "retrieve eval icl examples/ --llm llama:model.gguf --method all --out runs/",
  },
  {
    name: "msc",
    summary: "past turns of a long chat: perplexity of the reply",
    layouts: "the bundle's chat/msc, or a file of chat rows as `retrieve convert msc` writes",
    options: ["k", "context"],
    example: "retrieve eval msc data/chat/msc --llm llama:model.gguf --method all",
  },
  {
    name: "lrlm",
    summary: "earlier chunks of a long text: perplexity of its end",
    layouts: "the bundle's lrlm or one of its sets, or a folder with texts.jsonl ({text})",
    options: ["k", "window", "target", "chunk", "integrate"],
    example: "retrieve eval lrlm books/ --llm llama:model.gguf --window 1024 --target 512 --chunk 64",
  },
  {
    name: "convsearch",
    summary: "passages for a conversation: nDCG@3; with --llm ROUGE-L",
    layouts: "the bundle's convsearch/qrecc, or a BEIR folder whose queries have a history",
    options: ["k", "rouge"],
    example: "retrieve eval convsearch mtrag/ --method bm25 --method hybrid",
  },
  {
    name: "tool",
    summary: "tools for a request, as ToolLLM: nDCG@5",
    layouts:
      "the bundle's tool/toolbench, ToolBench's retrieval folder (corpus.tsv), or a BEIR folder of tools",
    options: [],
    example: "retrieve eval tool data/tool/toolbench --model mini --model ./my-encoder",
  },
  {
    name: "toolret",
    summary: "tools from a large pool: nDCG@10",
    layouts: "a BEIR folder of tools, or a folder of those",
    options: [],
    example: "retrieve eval toolret toolret/ --method dense",
  },
  {
    name: "beir",
    summary: "any retrieval set, or all of a folder: nDCG@10",
    layouts: "a folder in the BEIR layout, or a folder of those",
    options: [],
    example: "retrieve eval beir beir/ --method bm25 --method hybrid --out runs/",
  },
  {
    name: "memory",
    summary: "turns of long chats: Recall@5, all evidence; with --llm F1",
    layouts:
      "conversations.jsonl and questions.jsonl, LoCoMo's locomo10.json, or LongMemEval's longmemeval_*.json",
    options: ["k"],
    example: "retrieve eval memory ./realtalk --split dev --method hybrid",
  },
];

/** Adds the benchmarks under `retrieve eval`. */
export function defineBenchmarks(evaluation: Command, context: Context): void {
  for (const one of described) {
    const verb = evaluation
      .command(one.name)
      .description(one.summary)
      .argument("<dir>", "folder or file of the benchmark")
      .addOption(option("--task <task>", "instruction pair of both sides"))
      .addOption(option("--split <split>", "part of the data; default test where there is one"))
      .addOption(
        option("--method <method>", `${methods.join(", ")}; repeatable; default hybrid`).argParser(
          collect(choiceOf(methods)),
        ),
      )
      .addOption(
        option("--llm <uri>", "openai:MODEL@URL or llama:PATH.gguf; repeatable").argParser(
          collect((uri) => uri),
        ),
      );
    for (const name of one.options) verb.addOption(ownOptions[name]());
    verb
      .addOption(option("--k1 <x>", "of BM25 (default 0.9, Anserini's)").argParser(atLeast(0)))
      .addOption(option("--b <x>", "of BM25 (default 0.4, Anserini's)").argParser(atLeast(0)))
      .addOption(option("--stem", "BM25 on stemmed words, English stop words left out"))
      .addOption(
        option("--trained-on <rows>", "rows of a model: is the benchmark in them? repeatable").argParser(
          collect((path) => path),
        ),
      );
    addRunOptions(verb);
    verb
      .addHelpText(
        "after",
        `\n${paragraph(`DIR: ${one.layouts}.`, 78, 9).join("\n")}\n\nExample:\n  ${paragraph(one.example, 74, 9).join(" \\\n    ")}`,
      )
      .action((folder: string, _flags: unknown, command: Command) =>
        evaluate(context, one.name, folder, command.optsWithGlobals<BenchmarkFlags>()),
      );
  }
}

async function evaluate(
  context: Context,
  name: string,
  folder: string,
  flags: BenchmarkFlags,
): Promise<void> {
  const runs: BenchmarkRun[] = [];
  const { benchmarks } = await import("../eval/index.ts");
  const benchmark = benchmarks.find((one) => one.name === name);
  const folders = (await benchmark?.foldersOf?.(folder)) ?? [folder];
  for (const uri of flags.llm ?? [undefined]) {
    const model = uri === undefined ? undefined : await openModelAt(context, flags, uri);
    try {
      for (const one of folders) runs.push(...(await withModel(context, name, one, flags, { model, uri })));
    } finally {
      await model?.close();
    }
  }
  const reports = runs.map(({ receipt }) => reportOf(receipt));
  if (flags.json) printJson(context.terminal, reports.length === 1 ? reports[0] : reports);
  else showRuns(context.terminal, runs, folders.length > 1);
  assertFloors(reports, flags.min ?? []);
}

async function withModel(
  context: Context,
  name: string,
  folder: string,
  flags: BenchmarkFlags,
  { model, uri }: { readonly model: LanguageModel | undefined; readonly uri: string | undefined },
): Promise<BenchmarkRun[]> {
  const { openCachedModel } = await import("../dataset/index.ts");
  const cache = flags.cache ?? cacheFolder("scores");
  const cached = model === undefined ? undefined : await openCachedModel(model, cache);
  try {
    const runs: BenchmarkRun[] = [];
    for (const [at, encoder] of (flags.model ?? ["mini"]).entries()) {
      runs.push(
        ...(await withEncoder(context, { name, folder, flags, cached, uri, encoder, isFirst: at === 0 })),
      );
    }
    const { calls, cached: known } = cached?.spent() ?? { calls: 0, cached: 0 };
    if (cached !== undefined)
      note(context.terminal, flags, `${cached.name}: ${calls} calls, ${known} known before`);
    return runs;
  } finally {
    await cached?.[Symbol.asyncDispose]();
  }
}

interface Asked {
  readonly name: string;
  readonly folder: string;
  readonly flags: BenchmarkFlags;
  readonly cached: CachedModel | undefined;
  readonly uri: string | undefined;
  readonly encoder: string;
  /** What needs no encoder is run with the first one only. */
  readonly isFirst: boolean;
}

async function withEncoder(
  { terminal, signal }: Context,
  { name, folder, flags, cached, uri, encoder: named, isFirst }: Asked,
): Promise<BenchmarkRun[]> {
  const [{ benchmarks, runBenchmark, writeBenchmarkRun }, { openEncoder }] = await Promise.all([
    import("../eval/index.ts"),
    import("../encoder/index.ts"),
  ]);
  const benchmark = benchmarks.find((one) => one.name === name);
  if (benchmark === undefined) return [];
  const wanted = (flags.method ?? ["hybrid"]).flatMap((one) =>
    one === "all" ? allOf(benchmark, cached) : [one],
  );
  const chosen = [...new Set(wanted)].filter((one) => isFirst || one === "dense" || one === "hybrid");
  if (chosen.length === 0) return [];
  const progress = showProgress(terminal, flags, `${name} ${named}`);
  const onNotice = (message: string): void => note(terminal, flags, message);
  const encoder = await openEncoder(named, { ...encoderSettings(flags), signal, onNotice });
  try {
    const runs = await runBenchmark({
      ...{
        benchmark,
        folder,
        encoder,
        seed: flags.seed,
        methods: chosen,
        signal,
        onNotice,
        onProgress: progress.report,
      },
      ...(cached && { model: cached }),
      bm25: bm25Of(flags),
      named: { model: named, ...(uri !== undefined && { llm: uri }) },
      cacheFolder: cacheFolder("vectors"),
      ...Object.fromEntries(
        given.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])),
      ),
    });
    if (flags.out !== undefined) for (const run of runs) await writeBenchmarkRun(flags.out, run);
    return runs;
  } finally {
    progress.stop();
    await encoder.close();
  }
}

/** Nothing found has a measure only where a language model answers without it. */
function allOf({ methods: own }: Benchmark, model: CachedModel | undefined): readonly SystemMethod[] {
  return own.filter((method) => method !== "none" || model !== undefined);
}

function bm25Of({ k1, b, stem }: BenchmarkFlags): { k1?: number; b?: number; stem?: boolean } {
  return {
    ...(k1 !== undefined && { k1 }),
    ...(b !== undefined && { b }),
    ...(stem !== undefined && { stem }),
  };
}

/** `retrieve demo`: the tour. The shipped samples in a temporary index, one question to each kind, two real calls. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Command } from "commander";
import type { Index, KindName, SearchResult } from "../augment/index.ts";
import type { JsonValue } from "../store/index.ts";
import { showPrompt } from "./augment.ts";
import { showResult } from "./call.ts";
import type { Context, DefineCommand } from "./command.ts";
import { type GlobalOptions, kindNames } from "./options.ts";
import { type SampleService, samples, sampleTools, startSampleService } from "./samples.ts";
import { showHits } from "./search.ts";
import { paint, print, printJson, type Terminal } from "./terminal.ts";
import { openOptions } from "./with-index.ts";

/** One question a kind; the test asserts which record must come first. */
const questions: Readonly<Record<KindName, string>> = {
  knowledge: "Which spacecraft was lost because two teams used different units?",
  memory: "What does it say on the back of the family photo?",
  examples: "Write the date in ISO 8601\nthe ninth of June 2026",
  tools: "How far is it by sea from Marstal to Ystad?",
};

interface Toured {
  readonly records: number;
  readonly query: string;
  readonly hits: SearchResult["hits"];
}

export const defineDemo: DefineCommand = (program, context) => {
  program
    .command("demo")
    .description("a tour on the shipped samples: all four kinds at work, in a temporary index")
    .addHelpText("after", "\nExample:\n  retrieve demo")
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalOptions>();
      const started = performance.now();
      const folder = await mkdtemp(join(tmpdir(), "retrieve-demo-"));
      const service = await startSampleService();
      try {
        const kinds = await tour(context, flags, folder, service);
        const seconds = Math.round(performance.now() - started) / 1000;
        if (flags.json) printJson(context.terminal, { kinds, seconds });
        else farewell(context.terminal, seconds);
      } finally {
        await service.close();
        await rm(folder, { recursive: true, force: true });
      }
    });
};

async function tour(
  context: Context,
  flags: GlobalOptions,
  folder: string,
  service: SampleService,
): Promise<Partial<Record<KindName, Toured>>> {
  const { terminal } = context;
  const { open } = await import("../augment/index.ts");
  const index = await open({ ...openOptions(context, flags), index: join(folder, "index") });
  const toured: Partial<Record<KindName, Toured>> = {};
  try {
    for (const kind of kindNames) toured[kind] = await show(terminal, flags, index, kind, service);
    if (!flags.json) await showPromptAndCalls(terminal, index, service);
  } finally {
    await index.close();
  }
  return toured;
}

async function show(
  terminal: Terminal,
  { json }: GlobalOptions,
  index: Index,
  kind: KindName,
  service: SampleService,
): Promise<Toured> {
  const query = questions[kind];
  const added = await index.add(kind, sourcesOf(kind, service));
  const result = await index.search(query, { kind, topK: 3 });
  if (!json) {
    const records = `${added.added} record${added.added === 1 ? "" : "s"}`;
    heading(terminal, `${kind}: ${records} in ${added.seconds.toFixed(1)} s`);
    print(terminal, `? ${query.replace("\n", ": ")}`);
    showHits(terminal, result, 1);
  }
  return { records: added.added, query, hits: result.hits };
}

function sourcesOf(kind: KindName, service: SampleService): string[] {
  const path = (name: string): string => relative(process.cwd(), join(samples, kind, name));
  switch (kind) {
    case "knowledge":
      return [path("corpus.jsonl")];
    case "memory":
      return [path("conversations.jsonl")];
    case "examples":
      return [path("train.jsonl")];
    case "tools":
      return sampleTools(service);
  }
}

async function showPromptAndCalls(terminal: Terminal, index: Index, service: SampleService): Promise<void> {
  const question =
    "Say it politely: give me the distance from Marstal to Ystad. Do we pass there on our route to Bornholm?";
  heading(terminal, "one prompt from all kinds, within 900 tokens");
  showPrompt(terminal, await index.augment(question, { maxTokens: 900, topK: 3 }));
  heading(terminal, "two tools called for real");
  await showCall(terminal, index, "getDistance", { from: "Marstal", to: "Ystad" }, service.host);
  await showCall(terminal, index, "morse_encode", { text: "Bornholm" }, "ships-library");
}

async function showCall(
  terminal: Terminal,
  index: Index,
  tool: string,
  args: JsonValue,
  allow: string,
): Promise<void> {
  print(terminal, paint(terminal, "cyan", `${tool} ${JSON.stringify(args)}`));
  showResult(terminal, await index.call(tool, args, { allow: [allow] }));
}

function farewell(terminal: Terminal, seconds: number): void {
  heading(terminal, `that took ${seconds.toFixed(1)} s; now yours`);
  print(terminal, 'retrieve add knowledge docs/        retrieve search "…" --kind knowledge');
  print(terminal, 'retrieve add memory chat.jsonl      retrieve augment "…" --max-tokens 1000');
  print(terminal, "retrieve add tools openapi.yaml     retrieve --help");
}

function heading(terminal: Terminal, text: string): void {
  print(terminal);
  print(terminal, paint(terminal, "green", `■ ${text}`));
}

/**
 * Tools from request to answer: the right one found, called with arguments that its schema allows, executed, and the
 * answer right. The tools are real ones: OpenAPI operations over HTTP, MCP servers over stdio.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Answered, open } from "../../augment/index.ts";
import { readBundleLines, spread, textField, textsField } from "../../dataset/index.ts";
import type { Encoder } from "../../encoder/index.ts";
import type { LanguageModel } from "../../llm/index.ts";
import type { SearchMethod } from "../../retrieve/index.ts";
import { type OnNotice, type OnProgress, RetrieveError } from "../../std/index.ts";
import { rounded } from "../retrieval.ts";
import { markData, stamp } from "./mark.ts";
import { meansOf } from "./means.ts";
import type { QueryResult } from "./receipt.ts";
import type { BenchmarkRun } from "./run.ts";

/** A line of `requests.jsonl`: `{_id?, text, tool, answers}`. */
export interface ToolRequest {
  readonly id: string;
  readonly request: string;
  /** Id of the tool that is right. */
  readonly tool: string;
  /** Texts that a right answer holds, all of them, whatever their case. */
  readonly answers: readonly string[];
}

export interface RunToolsOptions {
  /** A file of requests, or a folder with `requests.jsonl`. */
  readonly folder: string;
  /** As `add tools` takes them. */
  readonly sources: readonly string[];
  /** Hosts and servers that may be called. */
  readonly allow: readonly string[];
  readonly encoder: Encoder;
  /** It must know chats and tools; it stays the caller's. */
  readonly model: LanguageModel;
  readonly methods: readonly SearchMethod[];
  /** Tools that the model is shown. Default 5. */
  readonly k?: number;
  readonly maxQueries?: number;
  readonly seed?: number;
  /** How encoder and language model were named, for the receipt. */
  readonly named?: { readonly model?: string; readonly llm?: string };
  readonly onNotice?: OnNotice;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Each method on each request, one after the other: tools act on the world. `answered` counts an answer only where the
 * right tool ran.
 *
 * Throws `invalid_data` for requests that name a tool which the sources lack.
 */
export async function runTools(options: RunToolsOptions): Promise<BenchmarkRun[]> {
  const { folder, encoder, model, methods, k = 5, seed = 0, signal } = options;
  const requests = spread(await readRequests(folder), options.maxQueries);
  const place = await mkdtemp(join(tmpdir(), "retrieve-tools-run-"));
  try {
    await using index = await open({ index: join(place, "index"), encoder, ...(signal && { signal }) });
    const { added } = await index.add("tools", options.sources, signal ? { signal } : {});
    const runs: BenchmarkRun[] = [];
    for (const method of methods) {
      const begun = performance.now();
      const results: QueryResult[] = [];
      for (const request of requests) {
        results.push(await runOne(index, request, method, { ...options, k, seed }));
        options.onProgress?.({ done: results.length, total: requests.length, unit: `${method} requests` });
      }
      const isEncoded = method !== "bm25";
      const data = markData(folder, {
        ...{
          split: "all",
          records: [],
          excluded: {},
          retrieval: [],
          depth: k,
          headline: "answered",
          config: {},
        },
        items: requests.map(({ id, request, tool, answers }) => ({
          id,
          query: request,
          answers: [tool, ...answers],
        })),
      });
      runs.push({
        receipt: {
          format: 1,
          named: { model: options.named?.model ?? null, llm: options.named?.llm ?? null },
          ...{ benchmark: "tools-run", data, llm: model.name, metrics: rounded(meansOf(results).metrics) },
          system: {
            method,
            model: isEncoded ? encoder.name : null,
            fingerprint: isEncoded ? encoder.fingerprint("tool") : null,
          },
          ...{ headline: "answered", lowerIsBetter: false, queries: results.length },
          ...{ corpus: added, excluded: {}, config: { k }, seed, ...stamp() },
          seconds: Math.round(performance.now() - begun) / 1000,
        },
        results,
      });
    }
    return runs;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function readRequests(folder: string): Promise<ToolRequest[]> {
  const path = folder.endsWith(".jsonl") ? folder : join(folder, "requests.jsonl");
  const requests: ToolRequest[] = [];
  for await (const { fields, place } of readBundleLines(path)) {
    const answers = textsField(fields, "answers", place);
    if (answers.length === 0) {
      throw new RetrieveError(
        "invalid_data",
        `${place}: "answers" is empty; wanted texts that a right answer holds`,
      );
    }
    requests.push({
      ...{ id: textField(fields, "_id", place, String(requests.length)), answers },
      ...{ request: textField(fields, "text", place), tool: textField(fields, "tool", place) },
    });
  }
  return requests;
}

type OpenedIndex = Awaited<ReturnType<typeof open>>;

async function runOne(
  index: OpenedIndex,
  { id, request, tool, answers }: ToolRequest,
  method: SearchMethod,
  {
    model,
    allow,
    k,
    seed,
    onNotice,
    signal,
  }: RunToolsOptions & { readonly k: number; readonly seed: number },
): Promise<QueryResult> {
  const watched = signal ? { signal } : {};
  const { hits } = await index.search(request, { kind: "tools", topK: k, method, ...watched });
  const answered = await index.ask(request, {
    ...{ llm: model, kinds: ["tools"], topK: k, method, allow, seed, ...watched },
    ...(onNotice && { onNotice }),
  });
  return {
    ...{ id, query: request, gold: [tool], output: answered.answer },
    metrics: {
      answered: 0,
      found: hits.some((hit) => hit.id === tool) ? 1 : 0,
      ...measure(answered, tool, answers),
    },
    retrieved: hits.map((hit) => ({ id: hit.id, score: hit.score, text: hit.text.slice(0, 240) })),
  };
}

function measure(
  { answer, toolCalls }: Answered,
  tool: string,
  answers: readonly string[],
): Record<string, number> {
  const own = toolCalls.filter((call) => call.tool === tool);
  const isExecuted = own.some(({ outcome }) => outcome === "done");
  const isRight = answers.every((text) => answer.toLowerCase().includes(text.toLowerCase()));
  return {
    answered: isExecuted && isRight ? 1 : 0,
    called: own.length > 0 ? 1 : 0,
    valid: own.some(({ outcome }) => outcome !== "refused") ? 1 : 0,
    executed: isExecuted ? 1 : 0,
  };
}

/** What is put in front of a text: one pair per task, for a query and for a document. Pure. */

import { RetrieveError } from "../std/index.ts";
import type { InstructionPair, Side, TaskName } from "./encoder.ts";
import { isObject } from "./fields.ts";

/** Pairs by task. */
export type Instructions = Readonly<Record<TaskName, InstructionPair>>;

/** The tasks of the LLM-Embedder paper, which every named set covers. */
export const taskNames: readonly TaskName[] = ["qa", "convsearch", "chat", "lrlm", "icl", "tool"];

/** The six pairs that BAAI/llm-embedder was trained with (arXiv 2310.07554, table 10, and its reference code). */
const llmEmbedder: Instructions = {
  qa: {
    query: "Represent this query for retrieving relevant documents: ",
    document: "Represent this document for retrieval: ",
  },
  convsearch: {
    query: "Encode this query and context for searching relevant passages: ",
    document: "Encode this passage for retrieval: ",
  },
  chat: {
    query: "Embed this dialogue to find useful historical dialogues: ",
    document: "Embed this historical dialogue for retrieval: ",
  },
  lrlm: {
    query: "Embed this text chunk for finding useful historical chunks: ",
    document: "Embed this historical text chunk for retrieval: ",
  },
  icl: {
    query: "Convert this example into vector to look for useful examples: ",
    document: "Convert this example into vector for retrieval: ",
  },
  tool: {
    query: "Transform this user request for fetching helpful tool descriptions: ",
    document: "Transform this tool description for retrieval: ",
  },
};

const sets: ReadonlyMap<string, Instructions> = new Map([
  ["none", forAllTasks({ query: "", document: "" })],
  ["llm-embedder", llmEmbedder],
  ["bge", forAllTasks({ query: "Represent this sentence for searching relevant passages: ", document: "" })],
  ["e5", forAllTasks({ query: "query: ", document: "passage: " })],
]);

/** Published models that name no set themselves, by the start of their hub id. */
const setsOfPublished: readonly (readonly [start: string, set: string])[] = [
  ["BAAI/llm-embedder", "llm-embedder"],
  ["BAAI/bge-m3", "none"],
  ["BAAI/bge-", "bge"],
  ["intfloat/e5-", "e5"],
  ["intfloat/multilingual-e5-", "e5"],
];

/** Equal instructions for each of the six tasks. */
export function forAllTasks(pair: InstructionPair): Instructions {
  return Object.fromEntries(taskNames.map((task) => [task, pair]));
}

/**
 * The pairs of a set by its name, or of own pairs: those add to the pairs of `base`, or replace them.
 *
 * Throws `invalid_argument` for an unknown name or a pair without its two strings.
 */
export function resolveInstructions(chosen: unknown, base: Instructions): Instructions {
  if (typeof chosen === "string") {
    const set = sets.get(chosen);
    if (set !== undefined) return set;
    throw wrong(`unknown set "${chosen}"; wanted one of ${[...sets.keys()].join(", ")}, or own pairs`);
  }
  if (!isObject(chosen)) throw wrong(`got ${JSON.stringify(chosen)}; wanted a set's name or pairs by task`);
  const own = Object.entries(chosen).map(([task, pair]) => {
    if (!isObject(pair) || typeof pair["query"] !== "string" || typeof pair["document"] !== "string") {
      throw wrong(`task "${task}" has ${JSON.stringify(pair)}; wanted {"query": "…", "document": "…"}`);
    }
    return [task, { query: pair["query"], document: pair["document"] }] as const;
  });
  return { ...base, ...Object.fromEntries(own) };
}

/** The set that the publishers of a hub model describe, where the model is a known one. */
export function publishedSet(hubId: string): string | undefined {
  return setsOfPublished.find(([start]) => hubId.startsWith(start))?.[1];
}

/** What to put in front of a text. Throws `invalid_argument` for an unknown task, listing the known. */
export function instructionOf(instructions: Instructions, task: TaskName, side: Side): string {
  const pair = Object.hasOwn(instructions, task) ? instructions[task] : undefined;
  if (pair === undefined) {
    const known = Object.keys(instructions).join(", ");
    throw new RetrieveError("invalid_argument", `unknown task "${task}"; this model has ${known}`);
  }
  return pair[side];
}

function wrong(what: string): RetrieveError {
  return new RetrieveError("invalid_argument", `instructions: ${what}`);
}

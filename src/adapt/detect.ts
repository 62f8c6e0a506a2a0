/** What a source is, by its files and their first line. */

import { open, readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import type { ConverterName } from "../dataset/index.ts";
import { listFiles } from "../retrieve/index.ts";
import { diskError, type OnNotice, RetrieveError, readJsonArray, readJsonLines } from "../std/index.ts";

/** A part of a source, with what makes rows of it: `rows` are rows already. */
export interface Part {
  readonly form: "rows" | ConverterName;
  readonly path: string;
  readonly split?: string;
}

/**
 * The parts of a source. A folder is a benchmark in the BEIR layout, conversations with or without questions, files of
 * JSON Lines, or else documents: what stands beside JSON Lines is taken for a description of them.
 *
 * Throws `not_found`, and `invalid_data` for JSON that has none of the known forms.
 */
export async function detectParts(path: string, onNotice: OnNotice): Promise<Part[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw diskError(error, path);
  });
  if (found.isFile()) return [{ form: await formOfFile(path), path }];
  const names = new Set(await readdir(path));
  if (["corpus.jsonl", "queries.jsonl", "qrels"].every((name) => names.has(name))) {
    return [{ form: "beir", path, split: await beirSplit(path, onNotice) }];
  }
  if (names.has("conversations.jsonl")) {
    if (!names.has("questions.jsonl")) return [{ form: "conversations", path }];
    return [{ form: "memory", path, split: await memorySplit(path, onNotice) }];
  }
  const parts: Part[] = [];
  for await (const file of listFiles([path], { onNotice })) {
    if (isJsonLines(file.path)) parts.push({ form: await formOfFile(file.path), path: file.path });
  }
  return parts.length > 0 ? parts : [{ form: "documents", path }];
}

async function formOfFile(path: string): Promise<Part["form"]> {
  if (isJsonLines(path)) return formOf(await firstOf(readJsonLines(path)), path, true);
  if (extname(path) !== ".json" || !(await beginsWithBracket(path))) return "documents";
  return formOf(await firstOf(readJsonArray(path)), path, false);
}

/** Fields of the first object that tell a form, the first that fits counts; `lines`: not in an array. */
const forms: readonly {
  readonly form: Part["form"];
  readonly lines: boolean;
  /** Of each list one. */
  readonly fields: readonly (readonly string[])[];
}[] = [
  { form: "rows", lines: true, fields: [["query"], ["pos", "neg", "history"]] },
  { form: "conversations", lines: true, fields: [["sessions"]] },
  {
    form: "conversations",
    lines: true,
    fields: [
      ["role", "speaker"],
      ["text", "content"],
    ],
  },
  { form: "msc", lines: true, fields: [["dialog"]] },
  { form: "examples", lines: true, fields: [["input"], ["output"]] },
  { form: "tasks", lines: false, fields: [["input"], ["output"]] },
  { form: "tasks", lines: false, fields: [["inputs"], ["targets"]] },
  { form: "jsonl", lines: false, fields: [["query", "question", "anchor", "sentence1"]] },
  { form: "documents", lines: true, fields: [["text"]] },
];

function formOf(first: unknown, path: string, isLines: boolean): Part["form"] {
  const found = typeof first === "object" && first !== null ? first : {};
  const fits = forms.find(
    ({ lines, fields }) =>
      (isLines || !lines) && fields.every((names) => names.some((name) => name in found)),
  );
  if (fits !== undefined) return fits.form;
  const got = Object.keys(found).join(", ") || "nothing";
  throw new RetrieveError(
    "invalid_data",
    `${path}: got objects of ${got}; wanted rows {query, pos}, questions {question, …}, examples {input, output}, turns ` +
      "{role, text} or texts {text}. Schemas of tools hold no requests to learn from: give rows of the task tool",
  );
}

function isJsonLines(path: string): boolean {
  return /\.(jsonl|ndjson)$/i.test(path);
}

async function firstOf(values: AsyncIterable<{ readonly value: unknown }>): Promise<unknown> {
  for await (const { value } of values) return value;
  return undefined;
}

async function beginsWithBracket(path: string): Promise<boolean> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
  return /^\ufeff?\s*\[/.test(buffer.toString("utf8", 0, bytesRead));
}

/** The split to learn from: what is called so, else what there is. */
async function beirSplit(folder: string, onNotice: OnNotice): Promise<string> {
  const names = (await readdir(join(folder, "qrels"))).filter((name) => name.endsWith(".tsv"));
  return chooseSplit(
    names.map((name) => name.slice(0, -".tsv".length)),
    { folder, onNotice, otherwise: "train" },
  );
}

async function memorySplit(folder: string, onNotice: OnNotice): Promise<string> {
  const splits = new Set<string>();
  for await (const { value } of readJsonLines(join(folder, "questions.jsonl"))) {
    if (typeof value === "object" && value !== null && "split" in value) splits.add(String(value.split));
  }
  return chooseSplit([...splits], { folder, onNotice, otherwise: "all" });
}

function chooseSplit(
  splits: readonly string[],
  told: { readonly folder: string; readonly onNotice: OnNotice; readonly otherwise: string },
): string {
  const chosen = ["train", "dev", "test"].find((name) => splits.includes(name)) ?? [...splits].sort()[0];
  if (chosen !== undefined && chosen !== "train") {
    told.onNotice(`${told.folder}: has no split train, so its split ${chosen} is learned from`);
  }
  return chosen ?? told.otherwise;
}

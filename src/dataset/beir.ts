/**
 * Retrieval benchmarks in the BEIR layout: `corpus.jsonl`, `queries.jsonl`, `qrels/SPLIT.tsv`.
 *
 * A query may carry a `history`, the earlier turns of its conversation. Every fault names file and line.
 */

import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { diskError, type OnNotice, RetrieveError, readJsonLines, readText } from "../std/index.ts";
import { listField, objectOf, textField } from "./fields.ts";
import { spread } from "./spread.ts";

/** The judged gain of each document for each query. */
export type Qrels = ReadonlyMap<string, ReadonlyMap<string, number>>;

export interface CorpusDocument {
  readonly id: string;
  /** Title, a space, text; the text alone where there is no title. */
  readonly text: string;
}

export interface HistoryTurn {
  readonly role: string;
  readonly text: string;
}

export interface BenchmarkQuery {
  readonly id: string;
  readonly text: string;
  /** Earlier turns, oldest first; empty for a question that stands alone. */
  readonly history: readonly HistoryTurn[];
}

/** One split of a benchmark, ready to be run. */
export interface Benchmark {
  readonly folder: string;
  readonly split: string;
  readonly corpus: readonly CorpusDocument[];
  /** The queries of the split that have gold, in the order of `queries.jsonl`. */
  readonly queries: readonly BenchmarkQuery[];
  /** Judgements of `queries`. Gold that the corpus lacks stays: it cannot be found, and counts as missed. */
  readonly qrels: Qrels;
  readonly leftOut: {
    /** Judged queries without a gain of at least 1. */
    readonly withoutGold: number;
    /** Judged queries that `queries.jsonl` lacks. */
    readonly unknownQueries: number;
    /** Judgements of documents that `corpus.jsonl` lacks. */
    readonly unknownDocuments: number;
  };
}

export interface ReadBenchmarkOptions {
  /** The name of a file in `qrels`; default `test` where there is one, else `dev`, else the only one. */
  readonly split?: string;
  /** At most so many queries, evenly spaced over the file. Default all. */
  readonly maxQueries?: number;
  /** Told what was left out. */
  readonly onNotice?: OnNotice;
}

/**
 * Reads one split of a benchmark folder into memory.
 *
 * Throws `not_found` for a missing file or split, `invalid_data` naming file and line for a malformed line or an id
 * that comes twice, and for a split of which no query or no document is known.
 */
export async function readBenchmark(folder: string, options: ReadBenchmarkOptions = {}): Promise<Benchmark> {
  const split = options.split ?? (await defaultSplit(folder));
  const qrelsFile = join(folder, "qrels", `${split}.tsv`);
  const judgements = parseQrels(await readSplit(folder, split, qrelsFile), qrelsFile);
  const corpus = await readCorpus(join(folder, "corpus.jsonl"));
  const queries = await readQueries(join(folder, "queries.jsonl"));

  return joinBenchmark({ folder, split, corpus, queries, judgements }, options, {
    qrels: qrelsFile,
    queries: join(folder, "queries.jsonl"),
    corpus: join(folder, "corpus.jsonl"),
  });
}

/** What the files of a benchmark hold, each by itself. */
export interface BenchmarkParts {
  readonly folder: string;
  readonly split: string;
  readonly corpus: readonly CorpusDocument[];
  readonly queries: readonly BenchmarkQuery[];
  readonly judgements: Qrels;
}

/** The files, for messages. */
export interface BenchmarkFiles {
  readonly qrels: string;
  readonly queries: string;
  readonly corpus: string;
}

/**
 * The queries that have gold, with their judgements; what is left out is counted and told.
 *
 * Throws `invalid_data` where no query with gold or no judged document is known.
 */
export function joinBenchmark(
  { folder, split, corpus, queries, judgements }: BenchmarkParts,
  { maxQueries, onNotice }: Pick<ReadBenchmarkOptions, "maxQueries" | "onNotice">,
  files: BenchmarkFiles,
): Benchmark {
  const withGold = [...judgements].filter(([, judged]) => [...judged.values()].some((gain) => gain >= 1));
  const gold = new Map(withGold);
  const kept = spread(
    queries.filter(({ id }) => gold.has(id)),
    maxQueries,
  );
  const known = {
    queries: new Set(queries.map(({ id }) => id)),
    documents: new Set(corpus.map(({ id }) => id)),
  };
  const judgedDocuments = [...judgements.values()].flatMap((judged) => [...judged.keys()]);
  const leftOut = {
    withoutGold: judgements.size - gold.size,
    unknownQueries: [...judgements.keys()].filter((id) => !known.queries.has(id)).length,
    unknownDocuments: judgedDocuments.filter((id) => !known.documents.has(id)).length,
  };
  if (kept.length === 0 || leftOut.unknownDocuments === judgedDocuments.length) {
    const [file, what] = kept.length === 0 ? [files.queries, "query"] : [files.corpus, "document"];
    throw new RetrieveError(
      "invalid_data",
      `${files.qrels}: no judged ${what} with gold is in ${file}; check that the files belong together`,
    );
  }
  for (const notice of describeLeftOut(files, leftOut)) onNotice?.(notice);
  const qrels = new Map(kept.map(({ id }) => [id, gold.get(id) ?? new Map<string, number>()]));
  return { folder, split, corpus, queries: kept, qrels, leftOut };
}

async function defaultSplit(folder: string): Promise<string> {
  const splits = await listSplits(folder);
  const only = splits.length === 1 ? splits[0] : undefined;
  const chosen = ["test", "dev"].find((name) => splits.includes(name)) ?? only;
  if (chosen !== undefined) return chosen;
  throw new RetrieveError(
    "invalid_argument",
    `${join(folder, "qrels")} has neither test.tsv nor dev.tsv; name a split: ${splits.join(", ") || "there is none"}`,
  );
}

async function listSplits(folder: string): Promise<string[]> {
  const path = join(folder, "qrels");
  const names = await readdir(path).catch((error: unknown) => {
    throw diskError(error, path);
  });
  return names
    .filter((name) => name.endsWith(".tsv"))
    .map((name) => name.slice(0, -4))
    .sort();
}

async function readSplit(folder: string, split: string, file: string): Promise<string> {
  const splits = await listSplits(folder);
  if (splits.includes(split)) return await readText(file);
  throw new RetrieveError("not_found", `${file}: no such split; there are: ${splits.join(", ") || "none"}`);
}

/**
 * The judgements of a qrels file: `query-id`, `corpus-id`, `score` with tabs between; the header may be absent.
 *
 * Throws `not_found`, and `invalid_data` naming file and line.
 */
export async function readQrels(file: string): Promise<Qrels> {
  return parseQrels(await readText(file), file);
}

function parseQrels(text: string, file: string): Map<string, Map<string, number>> {
  const qrels = new Map<string, Map<string, number>>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || (index === 0 && line.startsWith("query-id\t"))) continue;
    const [query = "", document = "", score = "", ...rest] = line.split("\t");
    if (query === "" || document === "" || !/^-?\d+$/.test(score.trim()) || rest.length > 0) {
      throw new RetrieveError(
        "invalid_data",
        `${file}:${index + 1}: got "${line.slice(0, 80)}"; wanted query-id, corpus-id and a whole number with tabs between`,
      );
    }
    const judged = qrels.get(query) ?? new Map<string, number>();
    if (judged.has(document)) {
      throw new RetrieveError(
        "invalid_data",
        `${file}:${index + 1}: query "${query}" judges document "${document}" twice; keep one line`,
      );
    }
    qrels.set(query, judged.set(document, Number(score)));
  }
  return qrels;
}

async function readCorpus(file: string): Promise<CorpusDocument[]> {
  const corpus = await readUnique(file, (value, place) => {
    const title = textField(value, "title", place, "");
    const text = textField(value, "text", place);
    return { id: textField(value, "_id", place), text: title === "" ? text : `${title} ${text}` };
  });
  if (corpus.length > 0) return corpus;
  throw new RetrieveError("invalid_data", `${file}: no documents; wanted one JSON object a line`);
}

function readQueries(file: string): Promise<BenchmarkQuery[]> {
  return readUnique(file, (value, place) => ({
    id: textField(value, "_id", place),
    text: textField(value, "text", place),
    history: listField(value, "history", place).map((turn) => {
      const fields = objectOf(turn, place);
      return { role: textField(fields, "role", place), text: textField(fields, "text", place) };
    }),
  }));
}

async function readUnique<Row extends { readonly id: string }>(
  file: string,
  parse: (value: Readonly<Record<string, unknown>>, place: string) => Row,
): Promise<Row[]> {
  const rows = new Map<string, Row>();
  for await (const { value, place } of readJsonLines(file)) {
    const row = parse(objectOf(value, place), place);
    if (rows.has(row.id)) {
      throw new RetrieveError(
        "invalid_data",
        `${place}: "_id" "${row.id}" comes twice; ids are unique in a file`,
      );
    }
    rows.set(row.id, row);
  }
  return [...rows.values()];
}

function describeLeftOut(files: BenchmarkFiles, leftOut: Benchmark["leftOut"]): string[] {
  const [file, queries, corpus] = [files.qrels, basename(files.queries), basename(files.corpus)];
  const { withoutGold, unknownQueries, unknownDocuments } = leftOut;
  return [
    withoutGold > 0 ? `${file}: ${withoutGold} queries have no gold and are left out` : "",
    unknownQueries > 0
      ? `${file}: ${unknownQueries} judged queries are not in ${queries} and are left out`
      : "",
    unknownDocuments > 0
      ? `${file}: ${unknownDocuments} judged documents are not in ${corpus}: where they are gold, they count as missed`
      : "",
  ].filter((notice) => notice !== "");
}

/** The starting encoder and the candidate on the held-out rows of each task and on the guards. */

import { openEncoder } from "../encoder/index.ts";
import { formatJsonLine, readJsonLines, writeFileAtomic } from "../std/index.ts";
import { type AdaptSource, sampleGuards } from "./config.ts";
import type { Measured } from "./decide.ts";
import type { Work } from "./hooks.ts";
import { guardNames, measure, metric, type PerQuery } from "./measure.ts";
import { isThere } from "./mine.ts";
import { fileName } from "./rows.ts";
import type { TaskFile } from "./score.ts";
import { candidateFolder } from "./train.ts";

/** What is measured. */
export interface Target {
  readonly name: string;
  readonly kind: "task" | "guard";
  readonly source: AdaptSource;
  /** Whether it is one of the samples that come with the package. */
  readonly isSample: boolean;
}

export interface Evaluated {
  readonly targets: readonly Target[];
}

/** Queries of a guard, at most. */
const guardQueries = 500;

/** The two encoders. */
const systems = ["start", "candidate"] as const;
type System = (typeof systems)[number];

/**
 * Measures what is not measured yet; the values of each query stand in a file for each encoder and target.
 *
 * Throws what opening an encoder and what an evaluation throws.
 */
export async function evaluateBoth(work: Work, heldOut: readonly TaskFile[]): Promise<Evaluated> {
  const targets = targetsOf(work, heldOut);
  for (const system of systems) await measureMissing(work, system, targets);
  return { targets };
}

async function measureMissing(work: Work, system: System, targets: readonly Target[]): Promise<void> {
  const { settings, at, offline, onProgress, signal } = work;
  // Both encoders meet the same faults of the data: they are told once.
  const onNotice = system === "start" ? work.onNotice : () => undefined;
  const left = await missing(work, system, targets);
  if (left.length === 0) return;
  const watching = { onNotice, ...(signal && { signal }) };
  await using encoder = await openEncoder(system === "start" ? settings.base : at(candidateFolder), {
    ...(offline && { offline }),
    ...watching,
  });
  for (const target of left) {
    const maxQueries = target.kind === "task" ? Number.MAX_SAFE_INTEGER : guardQueries;
    const values = await measure(target.source, { encoder, maxQueries, onProgress, ...watching });
    const lines = [...values].map(([query, value]) => formatJsonLine({ query, [metric]: value }));
    await writeFileAtomic(at(valuesFile(system, target)), lines);
  }
}

/** The values of both encoders, as they stand on the disk. */
export async function readMeasured(at: Work["at"], { targets }: Evaluated): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const target of targets) {
    const [before, after] = [
      await readValues(at(valuesFile("start", target))),
      await readValues(at(valuesFile("candidate", target))),
    ];
    measured.push({ name: target.name, kind: target.kind, before, after });
  }
  return measured;
}

function targetsOf({ settings, at }: Work, heldOut: readonly TaskFile[]): Target[] {
  const names = guardNames(settings.guards);
  return [
    ...heldOut.map(({ task, file }) => ({
      name: task,
      kind: "task" as const,
      source: { path: at(file), task },
      isSample: false,
    })),
    ...settings.guards.map((source, place) => ({
      name: names[place] ?? source.path,
      kind: "guard" as const,
      source,
      isSample: sampleGuards.some(({ path }) => path === source.path),
    })),
  ];
}

async function missing(work: Work, system: System, targets: readonly Target[]): Promise<Target[]> {
  const left: Target[] = [];
  for (const target of targets) {
    if (!(await isThere(work.at(valuesFile(system, target))))) left.push(target);
  }
  return left;
}

function valuesFile(system: System, { kind, name }: Target): string {
  return `evaluation/${system}/${kind}-${fileName(name)}.jsonl`;
}

async function readValues(path: string): Promise<PerQuery> {
  const values = new Map<string, number>();
  for await (const { value } of readJsonLines(path)) {
    const line = value as { readonly query: string; readonly [metric]: number };
    values.set(line.query, line[metric]);
  }
  return values;
}

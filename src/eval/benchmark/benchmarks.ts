/** The benchmarks; adding one costs a file and a line. */

import type { Benchmark } from "./benchmark.ts";
import { icl } from "./icl.ts";
import { lrlm } from "./lrlm.ts";
import { memory } from "./memory.ts";
import { mmlu } from "./mmlu.ts";
import { msc } from "./msc.ts";
import { nq } from "./nq.ts";
import { popqa } from "./popqa.ts";
import { beir, convsearch, tool, toolret } from "./ranking.ts";

export const benchmarks: readonly Benchmark[] = [
  mmlu,
  popqa,
  nq,
  icl,
  msc,
  lrlm,
  convsearch,
  tool,
  toolret,
  beir,
  memory,
];

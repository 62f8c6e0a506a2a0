/**
 * One training step at the size of MiniLM, against the processor's matrix product and, if asked, against PyTorch.
 *
 *     npm run build && runs/fetch-models.sh && node bench/train.mjs [--rounds N] [--threads N] [--torch PYTHON]
 *         [--queries N]
 *
 * 32 queries of 32 tokens (or N) and 64 documents of 128, two a query, random tokens; contrastive loss, no dropout; zeroed
 * gradients, embeddings, loss, gradients, AdamW. A step of GradCache runs every chunk forward, then forward and backward;
 * with activations kept each chunk runs forward and backward once. Both with chunks of several sizes, a product of two
 * 1536 x 1536 matrices and PyTorch (`bench/train-torch.py`: the same weights, tokens, loss and optimizer, as many
 * threads) take turns, so that a change of the machine's load meets all of them; the table gives medians after two rounds
 * of warm-up.
 *
 * GFLOP counts the products that a step needs, whatever it runs: three times those of one forward pass (linear layers,
 * and attention's two products), so GradCache's extra pass counts as time and not as work. Peak memory is that of a
 * process that does three steps and nothing else.
 */

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { openModelFolder, readFloat32 } from "#src/encoder/index.js";
import { createGraph, input, matmul } from "#src/graph/index.js";
import { emitModel } from "#src/onnx/index.js";
import { openSession } from "#src/runtime/index.js";
import { createRandom } from "#src/std/index.js";
import { createTensor } from "#src/tensor/index.js";
import { contrastive, createAdamW, openTrainable } from "#src/train/index.js";
import { peakMegabytes } from "./memory.mjs";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    threads: { type: "string", default: String(Math.min(2, availableParallelism())) },
    torch: { type: "string" },
    queries: { type: "string", default: "32" },
    memory: { type: "string" },
  },
});
const models = process.env.RETRIEVE_MODELS ?? join(homedir(), ".cache/retrieve-anything/models");
const folder = await openModelFolder(join(models, "all-MiniLM-L6-v2"));
const threads = Number(flags.threads);
const ways = [
  { chunkTokens: 512, keepActivations: false },
  { chunkTokens: 1024, keepActivations: false },
  { chunkTokens: 1024, keepActivations: true },
  { chunkTokens: 2048, keepActivations: true },
];
const warmUp = 2;
const temperature = 0.05;
const learningRate = 2e-5;
const batch = makeBatch();

if (flags.memory === undefined) await compare();
else await measureMemory(JSON.parse(flags.memory));

async function compare() {
  const product = await openProduct(1536);
  const ours = [];
  for (const way of ways) ours.push(await openOurs(way));
  const torch = flags.torch === undefined ? undefined : await openTorch(flags.torch);
  const taken = { product: [], torch: [], ours: ours.map(() => []) };
  for (let round = -warmUp; round < Number(flags.rounds); round++) {
    console.error(round < 0 ? "warm-up" : `round ${round + 1}`);
    const measured = { product: await product.run(), torch: await torch?.step(), ours: [] };
    for (const { step } of ours) measured.ours.push(await step());
    if (round === -warmUp) showLosses(measured);
    if (round < 0) continue;
    taken.product.push(measured.product);
    taken.torch.push(measured.torch?.seconds);
    for (const [at, times] of measured.ours.entries()) taken.ours[at].push(times);
  }
  for (const { close } of [product, ...ours]) await close();
  report(taken, await torch?.close());
}

/** What each way has for the first batch: the same, or they do not do the same work. */
function showLosses({ ours, torch }) {
  const losses = ours.map(({ loss }) => loss.toFixed(5)).join(", ");
  console.log(`loss of the first batch: ${losses}${torch ? `; PyTorch ${torch.loss.toFixed(5)}` : ""}`);
}

function report(taken, torchMemory) {
  const work = 3 * forwardFlops();
  const tokens = batch.rows.reduce((sum, { length }) => sum + length, 0);
  const peak = (2 * 1536 ** 3) / median(taken.product);
  console.log(
    `${new Date().toISOString().slice(0, 10)} · ${cpus()[0]?.model.trim()} · ${threads} threads · Node ${process.versions.node}\n` +
      `${tokens} tokens, ${(work / 1e9).toFixed(0)} GFLOP a step; matrix product ${(peak / 1e9).toFixed(0)} GFLOP/s\n`,
  );
  console.log("| way | ms | GFLOP/s | of the product | tokens/s | peak memory |\n|---|---|---|---|---|---|");
  const line = (name, seconds, memory) => {
    const speed = work / seconds;
    const cells = [seconds * 1000, speed / 1e9].map((value) => value.toFixed(0));
    const share = `${((100 * speed) / peak).toFixed(0)} %`;
    console.log(`| ${[name, ...cells, share, (tokens / seconds).toFixed(0), memory].join(" | ")} |`);
  };
  const steps = taken.ours.map((times) => median(times.map(({ seconds }) => seconds)));
  for (const [at, way] of ways.entries()) {
    const name = way.keepActivations ? "activations kept" : "GradCache";
    line(`${name}, chunks of ${way.chunkTokens} tokens`, steps[at], `${childMemory(way)} MB`);
  }
  const fastest = (keeps) => Math.min(...steps.filter((_, at) => ways[at].keepActivations === keeps));
  const best = Math.min(...steps);
  if (torchMemory !== undefined) line("PyTorch", median(taken.torch), `${torchMemory} MB`);
  console.log(
    `\nthe fastest GradCache step takes ${(fastest(false) / fastest(true)).toFixed(2)} times the fastest with activations kept`,
  );
  if (torchMemory === undefined) return;
  console.log(`PyTorch's step takes ${(median(taken.torch) / best).toFixed(2)} times the fastest of ours`);
}

/** Two products of a token with each weight of a layer's matrices, and its row of attention against every token. */
function forwardFlops() {
  const { layers, hidden, intermediate } = folder.config;
  const linear = 2 * (4 * hidden ** 2 + 2 * hidden * intermediate);
  const ofRow = (length) => layers * length * (linear + 4 * length * hidden);
  return batch.rows.reduce((sum, { length }) => sum + ofRow(length), 0);
}

/** Token ids, queries first: [CLS], random words, [SEP]. */
function makeBatch() {
  const random = createRandom(7);
  const word = () => 1000 + Math.floor(random() * 29_000);
  const row = (length) => Int32Array.of(101, ...Array.from({ length: length - 2 }, word), 102);
  const queries = Number(flags.queries);
  const rows = [
    ...Array.from({ length: queries }, () => row(32)),
    ...Array.from({ length: 2 * queries }, () => row(128)),
  ];
  return { rows, queries, starts: Int32Array.from({ length: queries + 1 }, (_, at) => 2 * at) };
}

async function openOurs(way) {
  const { config, settings } = folder;
  const { weights } = await readFloat32(folder);
  const trainable = await openTrainable({ ...settings, ...way, config, weights, threads });
  const optimizer = createAdamW(trainable.arena);
  const loss = contrastive({ temperature });
  let number = 0;
  const step = async () => {
    const pass = { seed: 0, number: number++ };
    const start = performance.now();
    trainable.arena.zeroGradients();
    const { columns, data } = await trainable.embed(batch.rows, pass);
    const at = batch.queries * columns;
    const { value, queryGradient, keyGradient } = loss({
      queries: { rows: batch.queries, columns, data: data.subarray(0, at) },
      keys: { rows: batch.rows.length - batch.queries, columns, data: data.subarray(at) },
      starts: batch.starts,
    });
    const cotangents = Float32Array.of(...queryGradient, ...keyGradient);
    await trainable.backward(batch.rows, { rows: batch.rows.length, columns, data: cotangents }, pass);
    optimizer.step({ learningRate, clip: 1 });
    const end = performance.now();
    return { seconds: (end - start) / 1000, loss: value };
  };
  return { step, close: trainable.close };
}

/** Seconds of the fastest of ten products of two `size` x `size` matrices. */
async function openProduct(size) {
  const [left, right] = ["left", "right"].map((name) => input(name, "float32", [size, size]));
  const graph = createGraph({ inputs: [left, right], outputs: { product: matmul(left, right) } });
  const session = await openSession(emitModel(graph, new Map()), { threads });
  const numbers = () => createTensor("float32", [size, size], new Float32Array(size * size).fill(0.5));
  const feeds = { left: numbers(), right: numbers() };
  const run = async () => {
    const times = [];
    for (let time = 0; time < 10; time++) {
      const start = performance.now();
      await session.run(feeds);
      times.push((performance.now() - start) / 1000);
    }
    return Math.min(...times);
  };
  return { run, close: session.close };
}

/** A process of PyTorch that does a step for every line it is sent. */
async function openTorch(python) {
  const work = mkdtempSync(join(tmpdir(), "retrieve-bench-"));
  const file = join(work, "batch.json");
  const rows = batch.rows.map((row) => [...row]);
  writeFileSync(file, JSON.stringify({ rows, queries: batch.queries, temperature, learningRate, threads }));
  const given = [join(import.meta.dirname, "train-torch.py"), folder.path, file];
  const memory = execFileSync(python, [...given, "--memory"], { encoding: "utf8" }).trim();
  const child = spawn(python, given, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const step = async () => {
    child.stdin.write("step\n");
    const { value, done } = await lines.next();
    if (done) throw new Error("PyTorch ended; its error stands above");
    return JSON.parse(value);
  };
  const close = async () => {
    child.stdin.end();
    rmSync(work, { recursive: true });
    return memory;
  };
  return { step, close };
}

function childMemory(way) {
  return execFileSync(
    process.execPath,
    [
      import.meta.filename,
      ...["--threads", flags.threads, "--queries", flags.queries],
      "--memory",
      JSON.stringify(way),
    ],
    { encoding: "utf8" },
  ).trim();
}

async function measureMemory(way) {
  const { step, close } = await openOurs(way);
  for (let time = 0; time < 3; time++) await step();
  await close();
  console.log(peakMegabytes());
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/**
 * Scoring with a language model in process: a hundred million random parameters in the shape of Llama.
 *
 *     npm run build && node bench/score.mjs [--queries N] [--rounds N] [--threads N] [--size 1M|100M]
 *
 * Each query has 20 candidates of about 120 tokens, a question and an answer of 8 tokens, in the layout of `retrieve score`
 * for qa. The ways take turns, so that a change of the machine's load meets all of them; the table gives medians.
 *
 * - llama.cpp's own reading of the same tokens, text after text, no logits: the limit of what scoring can reach;
 * - scores one at a time;
 * - scores side by side, on as many sequences as the model was opened with;
 * - 20 answers to one prompt, on a shared prompt and as texts of their own.
 *
 * The event loop's delay is measured while scores run: whatever else the process does goes on meanwhile.
 */

import { existsSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";
import { openLanguageModel } from "#src/llm/index.js";
import { createRandom } from "#src/std/index.js";
import { writeRandom } from "../runs/gguf/random.mjs";

const { values: flags } = parseArgs({
  options: {
    queries: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
    threads: { type: "string", default: String(Math.min(2, availableParallelism())) },
    size: { type: "string", default: "100M" },
  },
});
const threads = Number(flags.threads);
const path = join(tmpdir(), `retrieve-bench-${flags.size}.gguf`);
if (!existsSync(path)) writeRandom(path, flags.size, { seed: 1 });

const candidates = 20;
const sequences = 8;
const random = createRandom(3);
const letters = "abcdefghijklmnopqrstuvwxyz";
const word = () => Array.from({ length: 2 }, () => letters[Math.floor(random() * 26)]).join("");
const words = (count) => Array.from({ length: count }, word).join(" ");
const queries = Array.from({ length: Number(flags.queries) }, () => {
  const question = words(12);
  return {
    answer: ` ${words(8)}`,
    prompts: Array.from(
      { length: candidates },
      () => `Knowledge: ${words(110)}\n\nQuestion: ${question}\n\nAnswer:`,
    ),
    shared: `Knowledge: ${words(110)}\n\nQuestion: ${question}\n\nAnswer:`,
    answers: Array.from({ length: candidates }, () => ` ${words(8)}`),
  };
});

const alone = await openLanguageModel(`llama:${path}`, { contextLength: 512, parallel: 1, threads });
const wide = await openLanguageModel(`llama:${path}`, { contextLength: 512, parallel: sequences, threads });
const reader = await openReader();
const texts = queries.flatMap(({ prompts, answer }) => prompts.map((prompt) => prompt + answer));
const answered = queries.flatMap(({ shared, answers }) => answers.map((answer) => shared + answer));
const ways = [
  { name: "llama.cpp reads the same tokens", tokens: reader.count(texts), run: () => reader.read(texts) },
  { name: "scores, one at a time", tokens: reader.count(texts), run: () => inTurn(alone) },
  {
    name: `scores, side by side on ${sequences} sequences`,
    tokens: reader.count(texts),
    run: () => together(wide),
  },
  {
    name: "20 answers, as texts of their own",
    tokens: reader.count(answered),
    run: () => answersAlone(alone),
  },
  { name: "20 answers, on a shared prompt", tokens: reader.count(answered), run: () => answersShared(alone) },
];

const delay = monitorEventLoopDelay({ resolution: 5 });
const taken = ways.map(() => []);
for (let round = -1; round < Number(flags.rounds); round++) {
  console.error(round < 0 ? "warm-up" : `round ${round + 1}`);
  if (round === 0) delay.enable();
  for (const [at, { run }] of ways.entries()) {
    const started = performance.now();
    await run();
    if (round >= 0) taken[at].push((performance.now() - started) / 1000);
  }
}
delay.disable();
report();
for (const { close } of [alone, wide, reader]) await close();

async function inTurn(model) {
  for (const { prompts, answer } of queries)
    for (const prompt of prompts) await model.score(prompt, [answer]);
}

async function together(model) {
  await Promise.all(
    queries.flatMap(({ prompts, answer }) => prompts.map((prompt) => model.score(prompt, [answer]))),
  );
}

/** A text in between empties what the sequence holds of the prompt. */
async function answersAlone(model) {
  for (const { shared, answers } of queries) {
    for (const answer of answers) {
      await model.score(shared, [answer]);
      await model.score("x", [" y"]);
    }
  }
}

async function answersShared(model) {
  for (const { shared, answers } of queries) {
    await model.score(shared, answers);
    await model.score("x", [" y"]);
  }
}

async function openReader() {
  const llama = await getLlama({ build: "never", gpu: false, logLevel: LlamaLogLevel.error });
  const model = await llama.loadModel({ modelPath: path });
  const context = await model.createContext({ contextSize: 512, threads });
  const sequence = context.getSequence();
  const tokensOf = (text) => [model.tokens.bos, ...model.tokenize(text)];
  return {
    count: (all) => all.reduce((sum, text) => sum + tokensOf(text).length, 0),
    read: async (all) => {
      for (const text of all) {
        await sequence.clearHistory();
        await sequence.evaluateWithoutGeneratingNewTokens(tokensOf(text));
      }
    },
    close: () => model.dispose(),
  };
}

function report() {
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const date = new Date().toISOString().slice(0, 10);
  console.log(
    `${date} · ${cpus()[0].model} · ${threads} threads · Node ${process.versions.node} · ${flags.size}`,
  );
  console.log(`\n| way | tokens | s | tokens/s | against llama.cpp |\n|---|---|---|---|---|`);
  const base = ways[0].tokens / median(taken[0]);
  for (const [at, { name, tokens }] of ways.entries()) {
    const rate = tokens / median(taken[at]);
    const row = [name, tokens, median(taken[at]).toFixed(2), rate.toFixed(0), (rate / base).toFixed(2)];
    console.log(`| ${row.join(" | ")} |`);
  }
  const [one, many] = [median(taken[1]), median(taken[2])];
  const [own, shared] = [median(taken[3]), median(taken[4])];
  console.log(`\nside by side: ${(one / many).toFixed(2)} times as fast as one at a time`);
  console.log(`shared prompt: ${(own / shared).toFixed(2)} times as fast as texts of their own`);
  const [p99, longest] = [delay.percentile(99), delay.max].map((nanoseconds) =>
    (nanoseconds / 1e6).toFixed(0),
  );
  console.log(`event loop: held up ${p99} ms at the 99th percentile, ${longest} ms at most`);
}

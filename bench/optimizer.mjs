/**
 * Milliseconds for a step of AdamW over the 22.7 million parameters of a six-layer MiniLM, one thread.
 *
 *     npm run build && node bench/optimizer.mjs [--rounds N]
 *
 * The gradient norm, clipping and the update; beside them a dropout mask of as many numbers. The table gives
 * the fastest of the rounds and the median; the first round, which touches the memory for the first time, is left out.
 */

import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { createAdamW, createArena, fillDropoutMask } from "#src/train/index.js";

const { values: flags } = parseArgs({ options: { rounds: { type: "string", default: "10" } } });

const layer = [384 * 384, 384 * 384, 384 * 384, 384 * 384, 384 * 1536, 1536 * 384, 13 * 384];
const sizes = [30_522 * 384, 512 * 384, 4 * 384, 385 * 384, ...Array.from({ length: 6 }, () => layer).flat()];
const tensors = sizes.map((size, at) => ({ name: `${at}.weight`, shape: [size], trainable: true }));
const arena = createArena(tensors);
const optimizer = createAdamW(arena);
const mask = new Float32Array(sizes.reduce((sum, size) => sum + size, 0));
for (const name of arena.names) {
  arena.gradient(name).forEach((_, at, gradient) => {
    gradient[at] = Math.sin(at) / 1000;
  });
}

const work = {
  "step without clipping": () => optimizer.step({ learningRate: 1e-5 }),
  "step with clipping": () => optimizer.step({ learningRate: 1e-5, clip: 1e-3 }),
  "norm alone": () => arena.gradientNorm(),
  "dropout mask": () => fillDropoutMask(mask, { rate: 0.1, seed: 1, stream: 2 }),
};
/** @type {Map<string, number[]>} */
const times = new Map(Object.keys(work).map((name) => [name, []]));
for (let round = 0; round <= Number(flags.rounds); round++) {
  for (const [name, run] of Object.entries(work)) {
    const start = performance.now();
    run();
    if (round > 0) times.get(name)?.push(performance.now() - start);
  }
}

console.log(
  `${new Date().toISOString().slice(0, 10)} · ${cpus()[0]?.model.trim()} · Node ${process.versions.node}`,
);
console.log(`${(mask.length / 1e6).toFixed(1)} million numbers · ${flags.rounds} rounds\n`);
console.log("| what | fastest ms | median ms |\n|---|---|---|");
for (const [name, taken] of times) {
  const sorted = taken.sort((a, b) => a - b);
  console.log(`| ${name} | ${sorted[0]?.toFixed(1)} | ${sorted[sorted.length >> 1]?.toFixed(1)} |`);
}

/** A training run as a process of its own: `node train-child.mjs CONFIG.json`. Tells each step and evaluation on stdout. */

import { readFileSync } from "node:fs";
import { train } from "#src/train/index.js";

const config = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const say = (line) => process.stdout.write(`${line}\n`);

const report = await train(config, {
  resume: true,
  onStep: ({ step }) => say(`step ${step}`),
  evaluate: async (encoder) => {
    say("evaluating");
    const [query] = await encoder.encodeQueries(["the old lighthouse"], { task: "qa" });
    const [document] = await encoder.encodeDocuments(["letters of the keeper"], { task: "qa" });
    return { score: query.reduce((sum, value, at) => sum + value * document[at], 0) };
  },
});
say(`done ${report.steps}`);

/**
 * An adaptation as a process of its own: `node adapt-child.mjs CONFIG.json ASKED.log`. Tells each stage on stdout, and
 * each question to the language model in the log.
 */

import { appendFileSync, readFileSync } from "node:fs";
import { adapt } from "#src/adapt/index.js";
import { copyingModel } from "../support/copying-model.mjs";

const [config, log] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);

const report = await adapt(JSON.parse(readFileSync(config, "utf8")), {
  resume: true,
  onStage: (stage, state) => say(`${stage} ${state}`),
  onStep: ({ step }) => say(`step ${step}`),
  openLanguageModel: async () => {
    say("model opened");
    return copyingModel({ wait: 2, onAsk: (text) => appendFileSync(log, `${JSON.stringify(text)}\n`) });
  },
});
say(`report ${JSON.stringify(report)}`);

/**
 * A process of its own that scores rows with a slow language model, for tests that kill it:
 * `node score-rows.mjs ROWS OUT CACHE LOG [I/N]`. Each continuation that the model is asked for is a line of LOG.
 */

import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { languageModelTeacher, scoreRows } from "#src/dataset/index.js";

const [rows, out, cache, log, part] = process.argv.slice(2);

const model = {
  name: "slow",
  contextLength: 1000,
  parallel: 2,
  countTokens: async (text) => text.length,
  score: async (prompt, continuations) => {
    for (const continuation of continuations) {
      appendFileSync(log, `${JSON.stringify(prompt + continuation)}\n`);
    }
    await delay(2);
    return continuations.map((continuation) => {
      const digest = createHash("sha256")
        .update(prompt + continuation)
        .digest();
      return { tokens: [continuation], logProbabilities: [-digest.readUInt32LE() / 2 ** 30] };
    });
  },
};

const [index, of] = (part ?? "0/1").split("/").map(Number);
const teacher = languageModelTeacher(model, { cache });
process.stdout.write(JSON.stringify(await scoreRows({ rows, out, teacher, shard: { index, of } })));

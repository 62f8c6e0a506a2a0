// An encoder that learns the words of a house: nicknames that no model has read.
//   node examples/train.mjs [MODEL]

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEvaluator } from "retrieve-anything/eval";
import { train } from "retrieve-anything/train";

const records = {
  oldLady: "Ferry Astrid, built 1931, sails to the islands at nine and at five.",
  whale: "Crane 7 lifts forty tonnes and stands at the coal berth.",
  oven: "Boiler room of the fish market, key at the porter's desk.",
  attic: "Archive of charts, second floor of the customs house.",
};
const asked = {
  oldLady: ["when does the old lady leave", "who steers the old lady", "is the old lady late"],
  whale: ["how strong is the whale", "the whale is out of order", "where do I find the whale"],
  oven: ["who has the key to the oven", "the oven is cold", "is somebody in the oven"],
  attic: ["is the attic open today", "bring it up to the attic", "what is kept in the attic"],
};

/** A row for the questions of each nickname that `choose` picks: its record is the positive, the others are negatives. */
function rowsOf(choose) {
  return Object.entries(asked).flatMap(([name, questions]) => {
    const neg = Object.entries(records).flatMap(([other, text]) => (other === name ? [] : [text]));
    return choose(questions).map((query) => ({ task: "qa", query, pos: [records[name]], neg }));
  });
}

const folder = await mkdtemp(join(tmpdir(), "example-"));
const write = async (name, rows) => {
  await writeFile(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return join(folder, name);
};

try {
  const data = await write(
    "rows.jsonl",
    rowsOf((questions) => questions.slice(0, 2)),
  );
  const held = await write(
    "held-out.jsonl",
    rowsOf((questions) => questions.slice(2)),
  );
  const report = await train(
    {
      data: [data],
      base: process.argv[2] ?? "mini",
      out: join(folder, "model"),
      steps: 8,
      batchSize: 8,
      learningRate: 2e-3,
      saveSteps: 0,
      metric: "MRR@10",
      lora: { rank: 8, alpha: 8, targets: ["query", "value"] },
    },
    {
      evaluate: await openEvaluator([{ path: held }]),
      onEvaluation: ({ step, metrics }) =>
        console.log(`step ${step}: MRR@10 ${metrics["MRR@10"].toFixed(3)}`),
      onStep: ({ step, loss }) => console.log(`step ${step}: loss ${loss.toFixed(3)}`),
    },
  );
  console.log(
    `a model in ${report.seconds.toFixed(1)} s; open it with openEncoder(${JSON.stringify(report.out)})`,
  );
} finally {
  await rm(folder, { recursive: true });
}

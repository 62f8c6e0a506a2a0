// An encoder adapted to the words of a house, if it is shown to be better and to forget nothing.
//   node examples/adapt.mjs [MODEL]

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adapt } from "retrieve-anything/adapt";

const records = {
  "the old lady": "Ferry Astrid, built 1931, sails to the islands at nine and at five.",
  "the whale": "Crane 7 lifts forty tonnes and stands at the coal berth.",
  "the oven": "Boiler room of the fish market, key at the porter's desk.",
  "the attic": "Archive of charts, second floor of the customs house.",
  "the duchess": "Dredger Hanna, at work in the northern channel until October.",
  "the choir": "Fog signals of the outer mole, tested on Mondays.",
  "the pantry": "Store of ropes and shackles, open from seven to four.",
  "the bishop": "Pilot boat 3, called on channel twelve.",
};
const asked = [
  (name) => `where is ${name}`,
  (name) => `what is wrong with ${name} today`,
  (name) => `who has the key to ${name}`,
  (name) => `is ${name} free this afternoon`,
  (name) => `tell me about ${name}`,
  (name) => `how old is ${name}`,
  (name) => `somebody is waiting at ${name}`,
  (name) => `please check ${name} before noon`,
];
const rows = Object.entries(records).flatMap(([name, record]) =>
  asked.map((question) => ({ task: "qa", query: question(name), pos: [record] })),
);

const folder = await mkdtemp(join(tmpdir(), "example-"));
try {
  const source = join(folder, "questions.jsonl");
  await writeFile(source, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const { accepted, reasons, metrics } = await adapt(
    {
      sources: [{ path: source }],
      out: join(folder, "model"),
      base: process.argv[2] ?? "mini",
      // Little material: the query side alone learns, in small steps, so documents keep their vectors and nothing is forgotten.
      training: { train: "query", learningRate: 1e-4, steps: 60, batchSize: 16 },
    },
    { onStage: (stage) => console.log(stage) },
  );
  for (const [name, { kind, before, after, verdict }] of Object.entries(metrics)) {
    console.log(`${kind} ${name}: nDCG@10 ${before.toFixed(3)} to ${after.toFixed(3)}, ${verdict}`);
  }
  console.log(`${accepted ? "accepted" : "refused"}: ${reasons.join("; ")}`);
} finally {
  await rm(folder, { recursive: true });
}

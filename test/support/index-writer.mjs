/**
 * A process of its own that writes to an index folder, for tests that kill it: `node index-writer.mjs FOLDER VERB`.
 *
 *     hold        takes the lock and keeps it
 *     put N       puts the records r0 … rN-1, two documents each, and prints `committed K` after each durable batch
 *     reindex     encodes everything with another encoder, slowly, and prints `encoded K`
 */

import { openIndexFolder } from "#src/retrieve/index.js";

const [folder, verb, count] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);

/** Plain JavaScript, because a child process cannot load the test's TypeScript. */
function tinyEncoder(name) {
  const encode = async (texts) => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    return texts.map((text) =>
      Float32Array.from({ length: 8 }, (_, axis) => Number(axis === text.length % 8)),
    );
  };
  return {
    name,
    dimensions: 8,
    fingerprint: (task) => `${name}-${task}`,
    encodeQueries: encode,
    encodeDocuments: encode,
  };
}

function* records() {
  for (let n = 0; n < Number(count); n++) {
    const documents = [0, 1].map((chunk) => ({
      id: `r${n}#${chunk}`,
      text: `record ${n} chunk ${chunk}`,
      value: n,
      source: "",
      metadata: {},
    }));
    yield { id: `r${n}`, hash: `${n}`, origin: "numbers", documents };
  }
}

const index = await openIndexFolder(folder, {
  encoder: async () => tinyEncoder("tiny"),
  wait: verb === "wait",
});
say("open");
if (verb === "put") {
  const collection = await index.create("numbers", "qa");
  await collection.put(records(), { onCommit: (done) => say(`committed ${done}`) });
} else if (verb === "reindex") {
  await index.reindex(tinyEncoder("tiny-2"), { onProgress: ({ done }) => say(`encoded ${done}`) });
} else {
  setInterval(() => {}, 1000);
  await new Promise(() => {});
}
await index.close();
say("closed");

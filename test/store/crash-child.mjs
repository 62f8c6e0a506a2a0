/**
 * Writes batches to a store until it is killed, and prints each one after it is committed:
 * `node crash-child.mjs FOLDER ROUND`. A batch is SIZE new records; the group `g` is replaced in the same commit by
 * 1 to 5 records that all carry the batch's number.
 */

import { openLanceStore } from "#src/store/index.js";

const [folder, round] = process.argv.slice(2);
const SIZE = 7;
const vector = Float32Array.of(0.5, 0.5, 0.5, 0.5);
const store = await openLanceStore(folder, "crash", { dimensions: 4 });
for (let batch = 0; ; batch++) {
  const name = `${round}.${batch}`;
  const fresh = Array.from({ length: SIZE }, (_, n) => ({ id: `${name}.${n}`, batch: name, group: "none" }));
  const group = Array.from({ length: 1 + (batch % 5) }, (_, n) => ({ id: `g${n}`, batch: name, group: "g" }));
  const records = [...fresh, ...group].map(({ id, ...metadata }) => {
    return { id, vector, text: id, metadata: { ...metadata, size: group.length }, payload: null };
  });
  await store.upsert(records, { replacing: { field: "group", op: "=", value: "g" } });
  process.stdout.write(`${name}\n`);
}

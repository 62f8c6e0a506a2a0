/**
 * Fills a store under a limit on the size of files (`ulimit -f`): `node disk-child.mjs FOLDER`. Prints, as JSON, the code of the
 * error and the number of records before and after it.
 */

import { openLanceStore } from "#src/store/index.js";

const records = (prefix, count) =>
  Array.from({ length: count }, (_, n) => {
    const vector = new Float32Array(256).fill(1 / 16);
    return { id: `${prefix}${n}`, vector, text: `${n}`, metadata: { [prefix]: n }, payload: null };
  });
const store = await openLanceStore(process.argv[2], "disk", { dimensions: 256 });
await store.upsert(records("small", 10));
const before = await store.count();
const error = await store.upsert(records("large", 20_000)).catch((caught) => caught);
const after = await store.count();
await store.upsert(records("again", 10));
const { code, name, message } = error ?? {};
process.stdout.write(JSON.stringify({ name, code, message, before, after, end: await store.count() }));
await store.close();

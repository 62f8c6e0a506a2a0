/**
 * The data sets of the multi-task run: where each lies in the data folder, how many rows it gives, and where its hard
 * negatives come from. Knows no models.
 *
 * `rows` caps a set, so that none has more than a fifth of the tokens; `times` lists a small one more than once. `mine`
 * keeps out what probably answers as well: nothing that scores as high as `share` of the positive's score. Where labels
 * are weakest (one of several twins is gold) a negative is drawn from a window, not the nearest taken. Sets without
 * `rows` are never trained on: they show what training takes from tasks that it did not see.
 */

/**
 * @typedef {object} DataSet
 * @property {string} name
 * @property {string} folder in the data folder
 * @property {string} task
 * @property {readonly string[]} parts that are measured
 * @property {number} [rows]
 * @property {number} [times]
 * @property {string} [negatives] chosen by the converter: METHOD:COUNT
 * @property {{ method: string, share: number, topK: number, pick?: string }} [mine]
 */

/** @type {readonly DataSet[]} */
export const sets = [
  {
    name: "squad_nqg", // other sentences answer too, and nobody judged them
    ...{ folder: "knowledge/squad_nqg", task: "qa", parts: ["dev"] },
    ...{ rows: 1280, mine: { method: "dense", share: 0.9, topK: 100 } },
  },
  {
    name: "cmrc2018", // the base reads no Chinese, so its neighbours mean nothing
    ...{ folder: "knowledge/cmrc2018", task: "qa", parts: ["dev"] },
    ...{ rows: 256, mine: { method: "bm25", share: 0.9, topK: 100 } },
  },
  { name: "multihop", folder: "knowledge/multihop", task: "qa", parts: ["dev"] },
  {
    name: "mtrag_un", // overlapping windows of one page
    ...{ folder: "conversation/mtrag_un", task: "convsearch", parts: ["dev"] },
    ...{ rows: 226, times: 2, mine: { method: "dense", share: 0.9, topK: 100 } },
  },
  {
    name: "cmu_dog", // several sections fit many turns
    ...{ folder: "conversation/cmu_dog", task: "convsearch", parts: ["dev"] },
    ...{ rows: 640, mine: { method: "dense", share: 0.9, topK: 60, pick: "random" } },
  },
  {
    name: "cast2022",
    ...{ folder: "conversation/cast2022", task: "convsearch", parts: ["dev"] },
    ...{ rows: 127, times: 2, mine: { method: "dense", share: 0.9, topK: 100 } },
  },
  {
    name: "realtalk", // negatives are turns of the same chat
    ...{ folder: "memory/realtalk", task: "chat", parts: ["dev"] },
    ...{ rows: 421, times: 3, negatives: "bm25:8" },
  },
  {
    name: "metatool", // tools overlap, one of them is gold
    ...{ folder: "tools/metatool", task: "tool", parts: ["dev", "test"] },
    ...{ rows: 1280, mine: { method: "dense", share: 0.9, topK: 60, pick: "random" } },
  },
  {
    name: "toollens",
    ...{ folder: "tools/toollens", task: "tool", parts: ["test"] },
    ...{ rows: 1280, mine: { method: "dense", share: 0.95, topK: 100 } },
  },
  {
    name: "nl2bash_tldr", // other programs would do
    ...{ folder: "tools/nl2bash_tldr", task: "tool", parts: ["dev", "test"] },
    ...{ rows: 1024, mine: { method: "dense", share: 0.95, topK: 100 } },
  },
  {
    name: "sgd", // twins of the gold service stand everywhere: random negatives only
    ...{ folder: "tools/sgd", task: "tool", parts: ["dev"] },
    ...{ rows: 384, negatives: "random:8" },
  },
  { name: "apibench", folder: "tools/apibench", task: "tool", parts: ["dev"] },
];

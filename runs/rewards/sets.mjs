/**
 * The sets of the comparison: where the rows come from, who rewards, and what is measured. Knows no models.
 *
 * squad_nqg is not among them: its data have no answers that a candidate could hold. multihop and cmrc2018 have.
 *
 * `temperature` divides rewards before their softmax. Rewards of 0 and 1 want a low one: at 1 the best candidate would
 * weigh only e times the worst.
 */
export const sets = {
  multihop: {
    ...{ kind: "passages", folder: "knowledge/multihop", task: "qa", part: "dev", teacher: "contains" },
    ...{ mine: "dense", candidates: 15, rows: 120, temperature: 0.1 },
    measures: "nDCG@10, dev",
  },
  cmrc2018: {
    // The base reads no Chinese, so its neighbours mean nothing.
    ...{ kind: "passages", folder: "knowledge/cmrc2018", task: "qa", part: "dev", teacher: "contains" },
    ...{ mine: "bm25", candidates: 15, rows: 1280, temperature: 0.1 },
    measures: "nDCG@10, dev",
  },
  agnews: {
    ...{ kind: "examples", folder: "examples/agnews", task: "icl", teacher: "same-label" },
    ...{ mine: "dense", candidates: 20, rows: 1280, temperature: 0.1 },
    measures: "label of the nearest example, test",
  },
  sst2: {
    ...{ kind: "examples", folder: "examples/sst2", task: "icl", teacher: "same-label" },
    ...{ mine: "dense", candidates: 20, rows: 1280, temperature: 0.1 },
    measures: "label of the nearest example, test",
  },
  stories: {
    ...{ kind: "stories", task: "lrlm", teacher: "likelihood", llm: true },
    ...{ candidates: 16, rows: 400, heldOut: 100, temperature: 0.1 },
    measures: "mean reward of the nearest chunk, held out",
  },
};

import { describe, expect, it } from "vitest";
import { type LogEntry, lossCurveSvg, type TrainingRun, trainingReport } from "#src/train/report.js";
import { parseXml } from "../support/well-formed.ts";

/** A loss that jumps between 1 and 3, so that its mean over two steps is 2. */
const log: readonly LogEntry[] = Array.from({ length: 50 }, (_, at) => ({
  step: at + 1,
  loss: at % 2 === 0 ? 1 : 3,
  learningRate: 2e-5 * (1 - at / 50),
  gradientNorm: 1,
  tokens: 1000,
  seconds: 2.5,
  task: at % 2 === 0 ? "qa" : "<tool>",
}));

const run: TrainingRun = {
  title: "Run <1>",
  settings: [
    ["base model", "mini"],
    ["learning rate", 2e-5],
  ],
  log,
  evaluations: [
    { step: 0, metrics: { "nDCG@10": 0.25 } },
    { step: 50, metrics: { "nDCG@10": 0.5, "Recall@5": 0.75 } },
  ],
  notices: ["qa: <few> rows"],
};

const chartsOf = (page: string): (string | undefined)[] =>
  parseXml(page)
    .elements.filter(({ name }) => name === "svg")
    .map(({ attributes }) => attributes.get("aria-label"));

/** The texts of the cells of each table row. */
const rowsOf = (page: string): string[][] =>
  [...page.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row = ""]) => row.split(/<[^>]*>/).filter(Boolean));

describe("trainingReport", () => {
  it("has a curve for each thing that was logged", async () => {
    expect(chartsOf(await trainingReport(run))).toEqual([
      "Training loss",
      "Training loss by data set",
      "Evaluation",
      "Learning rate",
      "Gradient norm",
    ]);
  });

  it("sums up what was logged", async () => {
    const rows = rowsOf(await trainingReport(run));
    expect(rows).toContainEqual(["steps", "50"]);
    expect(rows).toContainEqual(["loss, mean of the first tenth", "1.8000"]); // (1 + 3 + 1 + 3 + 1) / 5
    expect(rows).toContainEqual(["loss, mean of the last tenth", "2.2000"]); // (3 + 1 + 3 + 1 + 3) / 5
    expect(rows).toContainEqual(["tokens", "50,000"]);
    expect(rows).toContainEqual(["time in steps", "2 min 5 s"]);
    expect(rows).toContainEqual(["tokens a second", "400"]);
    expect(rows).toContainEqual(["base model", "mini"]);
    expect(rows).toContainEqual(["learning rate", "0.00002"]);
    expect(rows).toContainEqual(["50", "0.5000", "0.7500"]);
    expect(rows).toContainEqual(["0", "0.2500", "–"]);
  });

  it("compares before and after where both are there", async () => {
    const both = {
      before: { "nDCG@10": 0.5, MAP: 0.25 },
      after: { "nDCG@10": 0.4, MAP: 0.5, "Recall@5": 1 },
    };
    const page = await trainingReport({ ...run, ...both });
    expect(rowsOf(page)).toContainEqual(["nDCG@10", "0.5000", "0.4000", "-0.1000"]);
    expect(rowsOf(page)).toContainEqual(["MAP", "0.2500", "0.5000", "+0.2500"]);
    expect(rowsOf(page)).toContainEqual(["Recall@5", "–", "1.0000", "–"]);
    expect(await trainingReport({ ...run, before: both.before })).not.toContain("Before and after");
  });

  it("tells the notices, escaped", async () => {
    const page = await trainingReport(run);
    expect(parseXml(page).texts).toContain("qa: <few> rows");
    expect(parseXml(page).texts).toContain("Run <1>");
    expect(await trainingReport({ ...run, notices: [] })).not.toContain("Notices");
  });

  it("has no curves by data set where batches mix them or there is one", async () => {
    const mixed = log.map((entry) => ({ ...entry, task: undefined }));
    expect(chartsOf(await trainingReport({ ...run, log: mixed }))).not.toContain("Training loss by data set");
    const one = log.map((entry) => ({ ...entry, task: "qa" }));
    expect(chartsOf(await trainingReport({ ...run, log: one }))).not.toContain("Training loss by data set");
  });

  it("is the same for the same run, and stands for a run that did nothing", async () => {
    expect(await trainingReport(run)).toBe(await trainingReport(run));
    const page = await trainingReport({ ...run, log: [], evaluations: [] });
    expect(rowsOf(page)).toContainEqual(["steps", "0"]);
    expect(page).not.toMatch(/NaN|Infinity/);
    expect(chartsOf(page)).not.toContain("Evaluation");
  });
});

describe("lossCurveSvg", () => {
  it("shows every step and their trailing mean, which a loss that is not finite does not break", async () => {
    const broken = log.map((entry) => (entry.step === 20 ? { ...entry, loss: Number.NaN } : entry));
    const svg = await lossCurveSvg(broken);
    const { texts } = parseXml(svg);
    expect(texts).toContain("each step");
    expect(texts).toContain("mean of 2 steps"); // 50 / 25
    expect(texts).toContain("left out: 1 point that cannot be drawn");
    const paths = [...svg.matchAll(/ d="(M[^"]*L[^"]*)"[^>]* stroke-width="(\d)"/g)];
    const raw = heightsOf(paths.find(([, , width]) => width === "1")?.[1]);
    const smooth = heightsOf(paths.find(([, , width]) => width === "2")?.[1]);
    expect(raw).toHaveLength(49);
    expect(smooth).toHaveLength(50);
    const [low, high] = [Math.max(...raw), Math.min(...raw)]; // pixels grow downwards: 1 and 3
    // The first has itself only (1); at and after step 20 the loss of 1 beside the missing 3 stands alone.
    const wanted = smooth.map((_, at) => ([0, 19, 20].includes(at) ? low : (low + high) / 2));
    for (const [at, height] of smooth.entries()) expect(height).toBeCloseTo(wanted[at] ?? Number.NaN, 1);
  });

  it("draws the steps alone where there are too few for a mean", async () => {
    const { texts } = parseXml(await lossCurveSvg(log.slice(0, 10)));
    expect(texts.filter((text) => text.startsWith("mean"))).toEqual([]);
  });
});

function heightsOf(path = ""): number[] {
  return path
    .slice(1)
    .split("L")
    .map((pair) => Number(pair.split(",")[1]));
}

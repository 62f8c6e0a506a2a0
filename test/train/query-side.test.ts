/** Training of the query side: it learns, documents keep their vectors, and the result opens on its base alone. */

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeModel, type Encoder, openEncoder, quantizeModel } from "#src/encoder/index.js";
import { parseSafetensors } from "#src/tensor/index.js";
import { resolveConfig, type TrainConfig, type TrainHooks, train } from "#src/train/index.js";
import { goldenFolder } from "../encoder/golden.ts";

const bert = join(goldenFolder, "tiny-bert");

let folder: string;
const place = (name: string): string => join(folder, name);

/** Every pair of a colour and a thing; a request names both the other way around, and a third is held out. */
const colours = ["red", "blue", "green", "black", "white", "brown", "grey", "pink"];
const things = ["boat", "house", "river", "stone", "garden", "letter", "winter", "market", "bridge"];
const pairs = colours.flatMap((colour, row) =>
  things.map((thing, column) => ({
    query: `who has some ${thing} that is ${colour}`,
    document: `${colour} ${thing}`,
    heldOut: (row + column) % 3 === 0,
  })),
);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "query-side-"));
  const rows = pairs
    .filter(({ heldOut }) => !heldOut)
    .map(({ query, document }) => ({ query, pos: [document], neg: [], task: "qa" }));
  await writeFile(place("rows.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
});
afterAll(() => rm(folder, { recursive: true }));

/** Mean reciprocal rank of the documents of held-out requests among all. */
async function score(encoder: Encoder): Promise<number> {
  const held = pairs.filter(({ heldOut }) => heldOut);
  const documents = await encoder.encodeDocuments(pairs.map(({ document }) => document));
  const queries = await encoder.encodeQueries(held.map(({ query }) => query));
  const ranks = queries.map((query, at) => {
    const scores = documents.map((document) =>
      document.reduce((sum, value, axis) => sum + value * query[axis]!, 0),
    );
    const own = scores[pairs.findIndex(({ query: text }) => text === held[at]?.query)]!;
    return scores.filter((other) => other >= own).length;
  });
  return ranks.reduce((sum, rank) => sum + 1 / rank, 0) / ranks.length;
}

const forms = {
  linear: { learningRate: 1e-2 },
  lora: { lora: { rank: 8, alpha: 16, targets: ["query", "key", "value", "dense"] }, learningRate: 1e-2 },
} satisfies Record<string, Partial<TrainConfig>>;

async function run(out: string, own: Partial<TrainConfig>, hooks: TrainHooks = {}): Promise<string> {
  const config = {
    data: [place("rows.jsonl")],
    base: bert,
    train: "query",
    batchSize: 16,
    steps: 60,
  } as const;
  await train({ ...config, saveSteps: 0, threads: 1, ...own, out: place(out) }, hooks);
  return place(out);
}

describe.each(["linear", "lora"] as const)("a %s adapter", (kind) => {
  it("learns requests that it has not seen, and leaves the documents", async () => {
    const out = await run(`learns ${kind}`, forms[kind]);
    await using base = await openEncoder(bert);
    await using encoder = await openEncoder(out);
    expect(await score(base)).toBeLessThan(0.2);
    expect(await score(encoder)).toBeGreaterThan(0.4);
    const documents = pairs.map(({ document }) => document);
    expect(await encoder.encodeDocuments(documents)).toEqual(await base.encodeDocuments(documents));
    expect(encoder.fingerprint("qa")).toBe(base.fingerprint("qa"));
  });

  it("goes on after an interruption as if there had been none, bit for bit", async () => {
    const short = { ...forms[kind], steps: 9, saveSteps: 4 };
    const straight = await run(`straight ${kind}`, short);
    const stop = new AbortController();
    const interrupted = run(`resumed ${kind}`, short, {
      signal: stop.signal,
      onStep: ({ step }) => {
        if (step === 6) stop.abort(new Error("enough"));
      },
    });
    await expect(interrupted).rejects.toThrow("enough");
    const resumed = await run(`resumed ${kind}`, short, { resume: true });
    for (const name of ["adapter.safetensors", "adapter.json"]) {
      expect(await readFile(join(resumed, name)), name).toEqual(await readFile(join(straight, name)));
    }
    const losses = async (out: string): Promise<string[]> => {
      const log = await readFile(join(out, "training/log.jsonl"), "utf8");
      return log
        .trimEnd()
        .split("\n")
        .map((line) => JSON.stringify(JSON.parse(line).loss));
    };
    expect(await losses(resumed)).toEqual(await losses(straight));
  });

  it("starts from a base that is stored as int8, whose documents it leaves", async () => {
    const base = place(`int8 ${kind}`);
    await quantizeModel(bert, base);
    const out = await run(`on int8 ${kind}`, { ...forms[kind], base, steps: 2 });
    await using encoder = await openEncoder(out);
    await using int8 = await openEncoder(base);
    expect(encoder.fingerprint("qa")).toBe(int8.fingerprint("qa"));
    expect(await encoder.encodeDocuments(["red boat"])).toEqual(await int8.encodeDocuments(["red boat"]));
    expect(await encoder.encodeQueries(["red boat"])).not.toEqual(await int8.encodeQueries(["red boat"]));
  });
});

describe("training of the query side", () => {
  it("is measured at each checkpoint, begins as the base, and leaves one adapter", async () => {
    const scores: number[] = [];
    const evaluate = async (encoder: Encoder) => {
      scores.push(await score(encoder));
      return { "nDCG@10": scores.at(-1)! };
    };
    const out = await run("measured", { ...forms.linear, steps: 20, saveSteps: 10 }, { evaluate });
    await using base = await openEncoder(bert);
    await using encoder = await openEncoder(out);
    expect(scores).toHaveLength(3);
    expect(scores[0]).toBeCloseTo(await score(base), 6);
    expect(Math.max(...scores.slice(1))).toBe(await score(encoder));
    expect((await readdir(out)).sort()).toEqual(["adapter.json", "adapter.safetensors", "training"]);
    expect(await describeModel(out)).toMatchObject({
      adapter: { kind: "linear", base: bert, parameters: 32 * 32 + 32 },
      lineage: { base: bert, made: "retrieve train" },
    });
  });

  it("takes instructions for queries, and none that change documents", async () => {
    const out = await run("asking", { ...forms.linear, steps: 1, instructions: "bge" });
    const { instructions } = await describeModel(out);
    expect(instructions["qa"]).toEqual({
      query: "Represent this sentence for searching relevant passages: ",
      document: "",
    });
    await expect(run("refused", { instructions: "e5" })).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("leaves documents as"),
    });
  });

  it("keeps what a group of parameters freezes", async () => {
    const parameterGroups = [{ match: "lora_A", frozen: true }];
    const read = async (out: string) =>
      parseSafetensors(await readFile(join(out, "adapter.safetensors"))).tensors;
    const trained = async (steps: number) =>
      await read(await run(`${steps} steps`, { ...forms.lora, steps, parameterGroups }));
    const [first, second] = [await trained(2), await trained(4)];
    const name = "encoder.layer.0.attention.self.query.weight.lora_";
    expect(second.get(`${name}A`)).toEqual(first.get(`${name}A`));
    expect(second.get(`${name}B`)).not.toEqual(first.get(`${name}B`));
    await (await openEncoder(place("4 steps"))).close();
  });

  it("refuses dropout where there is nothing to drop", async () => {
    await expect(run("dropped", { dropout: 0.1 })).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("nothing to drop"),
    });
  });

  it("has a learning rate of its own for a linear adapter", () => {
    const given = { data: ["rows"], base: "mini", out: "out" };
    const { lora } = forms.lora;
    const rate = (more: object): number => resolveConfig({ ...given, ...more }).learningRate;
    expect([rate({}), rate({ train: "query" }), rate({ train: "query", lora })]).toEqual([5e-5, 1e-3, 5e-5]);
    expect(rate({ train: "query", learningRate: 0.5 })).toBe(0.5);
  });
});

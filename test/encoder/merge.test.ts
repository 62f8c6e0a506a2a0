import { createHash } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeModel, exportModel, mergeModels, openEncoder, quantizeModel } from "#src/encoder/index.js";
import { createRandom } from "#src/std/index.js";
import { createTensor, formatSafetensors, parseSafetensors, toFloat32 } from "#src/tensor/index.js";
import { cosines, goldenFolder, readGolden, readRows } from "./golden.ts";

const bert = join(goldenFolder, "tiny-bert");
const roberta = join(goldenFolder, "tiny-roberta");

let folder: string;
let tuned: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "merge-"));
  tuned = await tunedFrom("tuned", 1);
});
afterAll(() => rm(folder, { recursive: true }));

/** A copy of tiny-bert whose weights are a little different. */
async function tunedFrom(name: string, seed: number): Promise<string> {
  const path = join(folder, name);
  await cp(bert, path, { recursive: true });
  const random = createRandom(seed);
  const changed = [...(await weightsOf(path))].map(([key, values]) => {
    const moved = values.data.map((value) => value + 0.1 * (random() - 0.5));
    return [key, createTensor("float32", values.shape, moved)] as const;
  });
  await writeFile(join(path, "model.safetensors"), formatSafetensors(new Map(changed), new Map()));
  return path;
}

async function weightsOf(path: string) {
  const { tensors } = parseSafetensors(await readFile(join(path, "model.safetensors")));
  return new Map(
    [...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, data: toFloat32(tensor) }]),
  );
}

/** Changes a JSON file of a copied model. */
async function edit(path: string, change: (json: Record<string, unknown>) => void): Promise<void> {
  const json = JSON.parse(await readFile(path, "utf8"));
  change(json);
  await writeFile(path, JSON.stringify(json));
}

const sha256 = async (path: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(join(path, "model.safetensors")))
    .digest("hex");

describe("mergeModels", () => {
  it("averages by plain arithmetic, weights divided by their sum", async () => {
    const out = join(folder, "average");
    const models = [
      { model: bert, weight: 1 },
      { model: tuned, weight: 3 },
    ];
    const written = await mergeModels({ models, out });
    const [left, right, merged] = await Promise.all([bert, tuned, out].map(weightsOf));
    expect(merged?.size).toBeGreaterThan(30);
    for (const [name, { shape, data }] of merged ?? []) {
      const [one, other] = [left?.get(name), right?.get(name)];
      expect(shape).toEqual(one?.shape);
      const wanted = one?.data.map((value, at) => 0.25 * value + 0.75 * (other?.data[at] ?? Number.NaN));
      expect(data).toEqual(wanted);
    }
    const parts = [
      { model: "tiny-bert", weight: 0.25, sha256: await sha256(bert) },
      { model: "tuned", weight: 0.75, sha256: await sha256(tuned) },
    ];
    expect(written).toMatchObject({ out, models: parts, kept: [] });
    const described = await describeModel(out);
    expect(described.lineage).toMatchObject({ models: parts });
    expect(described.precision).toEqual(["float32"]);
  });

  it("takes weights as given when told", async () => {
    const out = join(folder, "difference");
    const models = [
      { model: bert, weight: 2 },
      { model: tuned, weight: -0.5 },
    ];
    await mergeModels({ models, out, asGiven: true });
    const [left, right, merged] = await Promise.all([bert, tuned, out].map(weightsOf));
    const name = "embeddings.word_embeddings.weight";
    const wanted = left
      ?.get(name)
      ?.data.map((value, at) => 2 * value - 0.5 * (right?.get(name)?.data[at] ?? 0));
    expect(merged?.get(name)?.data).toEqual(wanted);
  });

  it("gives a model merged with itself back exactly", async () => {
    const out = join(folder, "itself");
    const weights = [0.3, 0.6, 0.1, 1 / 3];
    await mergeModels({ models: weights.map((weight) => ({ model: tuned, weight })), out });
    const [source, merged] = await Promise.all([tuned, out].map(weightsOf));
    for (const [name, { data }] of merged ?? []) expect(data).toEqual(source?.get(name)?.data);
  });

  it("opens as an encoder, and keeps the files of the first", async () => {
    const out = join(folder, "opens");
    const models = [bert, bert].map((model) => ({ model, weight: 1 }));
    await mergeModels({ models, out });
    await using encoder = await openEncoder(out);
    const texts = readGolden("tiny-bert/expected.json").map(({ text }) => text);
    const wanted = readRows("tiny-bert/expected.safetensors", "sentence");
    expect(Math.min(...cosines(await encoder.encodeDocuments(texts), wanted))).toBeGreaterThan(0.9999);
    expect((await readdir(out)).sort()).toEqual([
      "1_Pooling",
      "config.json",
      "model.safetensors",
      "modules.json",
      "retrieve.json",
      "sentence_bert_config.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    expect(await readFile(join(out, "tokenizer.json"))).toEqual(await readFile(join(bert, "tokenizer.json")));
  });

  it("gives equal bytes again", async () => {
    const models = [bert, tuned].map((model) => ({ model, weight: 0.5 }));
    for (const name of ["once", "twice"]) await mergeModels({ models, out: join(folder, name) });
    for (const name of ["model.safetensors", "retrieve.json"]) {
      expect(await readFile(join(folder, "once", name))).toEqual(await readFile(join(folder, "twice", name)));
    }
  });

  it("takes int8 models as float32, and tells it", async () => {
    const int8 = join(folder, "int8");
    await quantizeModel(tuned, int8, { lineage: { base: "tiny" } });
    await exportModel(int8, join(folder, "dequantised"));
    const notices: string[] = [];
    const models = [int8, int8].map((model) => ({ model, weight: 1 }));
    const out = join(folder, "from-int8");
    const written = await mergeModels({ models, out, onNotice: (said) => notices.push(said) });
    expect(notices[0]).toMatch(/int8: its int8 weights are taken as float32/);
    const [wanted, merged] = await Promise.all([join(folder, "dequantised"), out].map(weightsOf));
    expect(merged).toEqual(wanted);
    expect(written.models[0]?.lineage).toEqual({ base: "tiny" });
  });

  it("names what differs between architectures", async () => {
    const models = [bert, roberta].map((model) => ({ model, weight: 1 }));
    await expect(mergeModels({ models, out: join(folder, "no") })).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(
        /tiny-bert and .*tiny-roberta differ: architecture is bert .*, roberta .*vocabulary is 282/,
      ),
    });
    expect(await readdir(folder)).not.toContain("no");
  });

  it("names what differs between tokenizers, and does not mind padding and truncation", async () => {
    const padded = await tunedFrom("padded", 2);
    await edit(join(padded, "tokenizer.json"), (json) => {
      json["padding"] = { strategy: "BatchLongest" };
      json["truncation"] = null;
    });
    const share = (model: string) => ({ model, weight: 1 });
    await mergeModels({ models: [share(bert), share(padded)], out: join(folder, "padded-too") });
    const other = await tunedFrom("other-words", 3);
    await edit(join(other, "tokenizer.json"), (json) => {
      json["normalizer"] = { type: "Lowercase" };
    });
    const wanted = /differ: tokenizer\.json in normalizer; only models of one base/;
    await expect(
      mergeModels({ models: [share(bert), share(other)], out: join(folder, "no") }),
    ).rejects.toThrow(wanted);
  });

  it("tells settings that differ and keeps those of the first", async () => {
    const cls = await tunedFrom("cls", 4);
    await edit(join(cls, "1_Pooling/config.json"), (json) => {
      json["pooling_mode_mean_tokens"] = false;
      json["pooling_mode_cls_token"] = true;
      delete json["pooling_mode"];
    });
    const notices: string[] = [];
    const models = [bert, cls].map((model) => ({ model, weight: 1 }));
    const out = join(folder, "mixed-settings");
    await mergeModels({ models, out, onNotice: (said) => notices.push(said) });
    expect(notices).toEqual([`${cls} has other \`pooling\` than ${bert}, whose are kept`]);
    expect((await describeModel(out)).pooling).toBe("mean");
  });

  it.each([
    ["one model", [1], "got 1 models; wanted at least two"],
    ["a weight that is no number", [1, Number.NaN], "has weight NaN; wanted a finite number"],
    ["weights of no sum", [1, -1], "sum to 0; wanted more than 0"],
  ])("refuses %s", async (_, weights, message) => {
    const models = weights.map((weight) => ({ model: bert, weight }));
    await expect(mergeModels({ models, out: join(folder, "no") })).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining(message),
    });
  });

  it("refuses a folder that exists, and leaves it", async () => {
    const models = [bert, tuned].map((model) => ({ model, weight: 1 }));
    const before = await sha256(tuned);
    await expect(mergeModels({ models, out: tuned })).rejects.toThrow(`${basename(tuned)}: exists already`);
    expect(await sha256(tuned)).toBe(before);
  });
});

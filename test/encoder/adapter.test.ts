/** Adapters of the query side: what queries become, that documents stay, where they open, and what is refused. */

import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AdapterSettings,
  baseReference,
  describeModel,
  type Encoder,
  exportModel,
  fillAdapterFolder,
  listModels,
  mergeModels,
  openEncoder,
  openFrozen,
  quantizeModel,
} from "#src/encoder/index.js";
import { createRandom } from "#src/std/index.js";
import {
  createTensor,
  formatSafetensors,
  parseSafetensors,
  type Tensor,
  toFloat32,
} from "#src/tensor/index.js";
import { expectClose } from "../support/close.ts";
import { cosines, goldenFolder, mean, readGolden } from "./golden.ts";

const bert = join(goldenFolder, "tiny-bert");
const texts = readGolden("tiny-bert/expected.json").map(({ text }) => text);
const width = 32;
const adapted = "encoder.layer.1.attention.self.query.weight";

let folder: string;
const place = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "adapter-"));
});
afterAll(() => rm(folder, { recursive: true }));

function uniform(seed: number, shape: readonly number[], size: number): Tensor<"float32"> {
  const random = createRandom(seed);
  const count = shape.reduce((product, axis) => product * axis, 1);
  const data = Float32Array.from({ length: count }, () => size * (2 * random() - 1));
  return createTensor("float32", shape, data);
}

const linear = { weight: uniform(1, [width, width], 0.2), bias: uniform(2, [width], 0.1) };
const lowRank = { A: uniform(3, [2, width], 1), B: uniform(4, [width, 2], 1), scale: 0.5 };

/** Writes an adapter of `base`, trained for the documents that the base gives at this moment. */
async function write(
  name: string,
  kind: "linear" | "lora",
  {
    base = bert,
    tensors = {},
    ...more
  }: Partial<AdapterSettings> & { tensors?: Record<string, Tensor> } = {},
): Promise<string> {
  await using frozen = await openFrozen(base);
  const { fingerprints } = frozen;
  const own: Record<string, Tensor> =
    kind === "linear" ? linear : { [`${adapted}.lora_A`]: lowRank.A, [`${adapted}.lora_B`]: lowRank.B };
  const settings = { kind, base, fingerprints, ...(kind === "lora" && { scale: lowRank.scale }), ...more };
  await mkdir(place(name));
  await fillAdapterFolder(place(name), settings, new Map(Object.entries({ ...own, ...tensors })));
  return place(name);
}

/** A folder of tiny-bert whose one matrix is W + scale · B A, by arithmetic of this test. */
async function merged(name: string): Promise<string> {
  await cp(bert, place(name), { recursive: true });
  const path = join(place(name), "model.safetensors");
  const { tensors } = parseSafetensors(await readFile(path));
  const key = [...tensors.keys()].find((one) => one.endsWith(adapted));
  const weight = key === undefined ? undefined : tensors.get(key);
  if (key === undefined || weight === undefined) throw new Error(`${adapted} is not there`);
  const values = toFloat32(weight).map((value, at) => {
    const [row, column] = [Math.floor(at / width), at % width];
    const [a, b] = [lowRank.A.data, lowRank.B.data];
    const product = b[row * 2]! * a[column]! + b[row * 2 + 1]! * a[width + column]!;
    return value + lowRank.scale * product;
  });
  const changed = new Map([...tensors, [key, createTensor("float32", weight.shape, values)]]);
  await writeFile(path, formatSafetensors(changed, new Map()));
  return place(name);
}

async function expectSameDocuments(encoder: Encoder, base: Encoder): Promise<void> {
  for (const task of base.tasks) expect(encoder.fingerprint(task)).toBe(base.fingerprint(task));
  expect(encoder.tasks).toEqual(base.tasks);
  expect(await encoder.encodeDocuments(texts)).toEqual(await base.encodeDocuments(texts));
}

describe("a linear adapter", () => {
  it("maps the base's query vectors and leaves its documents", async () => {
    await using base = await openEncoder(bert);
    await using encoder = await openEncoder(await write("linear", "linear"));
    await expectSameDocuments(encoder, base);
    const before = await base.encodeQueries(texts);
    const wanted = before.map((q) => {
      const x = q.map((value, row) => {
        const product = q.reduce((sum, each, at) => sum + linear.weight.data[row * width + at]! * each, 0);
        return value + product + linear.bias.data[row]!;
      });
      return x.map((value) => value / Math.hypot(...x));
    });
    const got = await encoder.encodeQueries(texts);
    for (const [at, vector] of got.entries()) expectClose(vector, wanted[at]!, 1e-6);
    expect(mean(cosines(got, before))).toBeLessThan(0.95);
  });

  it("works on a base that is stored as int8", async () => {
    await using base = await openEncoder("mini");
    const zeros = (shape: readonly number[]) =>
      createTensor("float32", shape, new Float32Array(shape[0]! * (shape[1] ?? 1)));
    const tensors = { weight: zeros([384, 384]), bias: zeros([384]) };
    await using encoder = await openEncoder(await write("of-mini", "linear", { base: "mini", tensors }));
    await expectSameDocuments(encoder, base);
    const [got, before] = [await encoder.encodeQueries(texts), await base.encodeQueries(texts)];
    for (const [at, vector] of got.entries()) expectClose(vector, before[at]!, 1e-6);
  });
});

describe("low-rank adapters", () => {
  it("are part of the query encoder's matrices and of no document's", async () => {
    await using base = await openEncoder(bert);
    await using wanted = await openEncoder(await merged("merged"));
    await using encoder = await openEncoder(await write("lora", "lora"));
    await expectSameDocuments(encoder, base);
    const got = await encoder.encodeQueries(texts);
    expect(Math.min(...cosines(got, await wanted.encodeQueries(texts)))).toBeGreaterThan(0.9999999);
    expect(mean(cosines(got, await base.encodeQueries(texts)))).toBeLessThan(0.9999);
  });

  it("adapt the float32 form of a base that is stored as int8", async () => {
    await quantizeModel(bert, place("int8"));
    await using base = await openEncoder(place("int8"));
    await using encoder = await openEncoder(await write("lora-int8", "lora", { base: place("int8") }));
    await expectSameDocuments(encoder, base);
    await using wanted = await openEncoder(await merged("merged-for-int8"));
    expect(
      mean(cosines(await encoder.encodeQueries(texts), await wanted.encodeQueries(texts))),
    ).toBeGreaterThan(0.98);
  });

  it("are exported as a query encoder of its own; a linear one is not", async () => {
    const adapter = await write("exported", "lora", { lineage: { made: "here" } });
    await exportModel(adapter, place("query-encoder"));
    await using encoder = await openEncoder(adapter);
    await using alone = await openEncoder(place("query-encoder"));
    expect(await alone.encodeQueries(texts)).toEqual(await encoder.encodeQueries(texts));
    expect(alone.fingerprint("qa")).not.toBe(encoder.fingerprint("qa"));
    expect((await describeModel(place("query-encoder"))).lineage).toEqual({ made: "here" });
    await expect(exportModel(await write("map", "linear"), place("none"))).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("a map of the vectors"),
    });
  });
});

describe("an adapter", () => {
  it("has a fingerprint of its own for queries, and keeps the base's instructions but for its own", async () => {
    await using base = await openEncoder(bert);
    const pairs = Object.fromEntries(base.tasks.map((task) => [task, { query: "ask: ", document: "" }]));
    await using plain = await openEncoder(await write("plain", "linear"));
    await using asking = await openEncoder(await write("asking", "linear", { instructions: pairs }));
    const ofQueries = [base, plain, asking].map((encoder) => encoder.fingerprint("qa", "query"));
    expect(new Set([...ofQueries, base.fingerprint("qa")]).size).toBe(4);
    await expectSameDocuments(asking, base);
    const prefixed = texts.map((text) => `ask: ${text}`);
    expect(await asking.encodeQueries(texts)).toEqual(await plain.encodeQueries(prefixed));
  });

  it("is found with its base after both moved", async () => {
    await cp(bert, place("here/base"), { recursive: true });
    await mkdir(place("here"), { recursive: true });
    await write("here/adapter", "linear", { base: await baseReference(place("here/base")) });
    await using before = await openEncoder(place("here/adapter"));
    await rename(place("here"), place("there"));
    await using after = await openEncoder(place("there/adapter"));
    expect(await after.encodeQueries(texts)).toEqual(await before.encodeQueries(texts));
    await rm(place("there/base"), { recursive: true });
    await expect(openEncoder(place("there/adapter"))).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("put it beside the adapter"),
    });
  });

  it("names a bundled base or a hub id as given, and a folder by its whole path", async () => {
    expect(await baseReference("mini")).toBe("mini");
    expect(await baseReference("owner/name")).toBe("owner/name");
    expect(await baseReference("test/golden/tiny-bert")).toBe(bert);
  });

  it("is shown with its base, and is no model to list, merge or quantise", async () => {
    const adapter = await write("shown", "linear", { lineage: { step: 3 } });
    expect(await describeModel(adapter)).toMatchObject({
      name: adapter,
      folder: adapter,
      dimensions: width,
      lineage: { step: 3 },
      adapter: { kind: "linear", base: bert, parameters: width * width + width },
    });
    expect((await listModels({ cacheFolder: place("no-cache") })).map(({ name }) => name)).toEqual(["mini"]);
    const models = [bert, adapter].map((model) => ({ model, weight: 1 }));
    const refused = { code: "unsupported", message: expect.stringContaining("an adapter of the query side") };
    await expect(mergeModels({ models, out: place("none") })).rejects.toMatchObject(refused);
    await expect(quantizeModel(adapter, place("none"))).rejects.toMatchObject(refused);
  });
});

describe("an adapter is refused", () => {
  it("on a base, a precision or instructions that give other documents", async () => {
    await cp(bert, place("changing"), { recursive: true });
    const adapter = await write("strict", "linear", { base: place("changing") });
    const refused = { code: "fingerprint_mismatch", message: expect.stringContaining("train it again") };
    await expect(openEncoder(adapter, { precision: "int8" })).rejects.toMatchObject(refused);
    await expect(openEncoder(adapter, { instructions: "e5" })).rejects.toMatchObject(refused);
    await (await openEncoder(adapter, { instructions: "bge" })).close(); // which are for queries alone
    await cp(join(goldenFolder, "tiny-roberta"), place("changing"), { recursive: true });
    await expect(openEncoder(adapter)).rejects.toMatchObject(refused);
  });

  const broken: readonly (readonly [what: string, code: string, change: object, says: string])[] = [
    ["a newer format", "format_version", { format: 2 }, "reads up to 1"],
    ["no format", "invalid_data", { format: null }, "`format`"],
    ["an unknown kind", "invalid_data", { kind: "cubic" }, "one of linear, lora"],
    ["no base", "invalid_data", { base: "" }, "the name of a model"],
    ["no fingerprints", "invalid_data", { fingerprints: {} }, "a fingerprint for each task"],
    [
      "a fingerprint that is none",
      "invalid_data",
      { fingerprints: { qa: 7 } },
      "a fingerprint for each task",
    ],
    ["half a pair of instructions", "invalid_data", { instructions: { qa: { query: "" } } }, 'task "qa"'],
    ["low rank without a scale", "invalid_data", { kind: "lora" }, "`scale`"],
    ["a base that is not there", "not_found", { base: "nowhere-at-all" }, "no model nowhere-at-all"],
  ];
  it.each(broken)("with %s", async (what, code, change, says) => {
    const adapter = await write(`broken ${what}`, "linear");
    const path = join(adapter, "adapter.json");
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), ...change }));
    await expect(openEncoder(adapter)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(says),
    });
  });

  it("with files that are not JSON, not safetensors, or not there", async () => {
    const adapter = await write("damaged", "linear");
    await writeFile(join(adapter, "adapter.safetensors"), "short");
    await expect(openEncoder(adapter)).rejects.toMatchObject({
      code: "invalid_data",
      message: expect.stringContaining("adapter.safetensors"),
    });
    await rm(join(adapter, "adapter.safetensors"));
    await expect(openEncoder(adapter)).rejects.toMatchObject({ code: "not_found" });
    await writeFile(join(adapter, "adapter.json"), "{");
    await expect(openEncoder(adapter)).rejects.toMatchObject({
      code: "invalid_data",
      message: expect.stringContaining("not valid JSON"),
    });
  });

  const misfits: readonly (readonly ["linear" | "lora", string, Record<string, Tensor>, string])[] = [
    ["linear", "narrow", { weight: uniform(1, [width, 8], 1) }, "weight is [32,8], wanted [32,32]"],
    ["linear", "short", { bias: uniform(1, [8], 1) }, "bias is [8], wanted [32]"],
    ["lora", "uneven", { [`${adapted}.lora_B`]: uniform(1, [width, 3], 1) }, "wanted [32,2]"],
    ["lora", "unpaired", { "pooler.dense.weight.lora_A": lowRank.A }, "adapts no matrix"],
    ["lora", "lonely", { [`${adapted.replace("query", "key")}.lora_A`]: lowRank.A }, "lora_B is missing"],
  ];
  it.each(misfits)("with tensors that do not fit: %s, %s", async (kind, name, tensors, says) => {
    const adapter = await write(`misfit ${name}`, kind, { tensors });
    await expect(openEncoder(adapter)).rejects.toMatchObject({
      code: "invalid_data",
      message: expect.stringContaining(says),
    });
  });
});

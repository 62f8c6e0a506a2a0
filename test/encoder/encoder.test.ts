import { readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseTransformerConfig } from "#src/encoder/config.js";
import { type Encoder, type OpenEncoderOptions, openEncoder } from "#src/encoder/index.js";
import { buildTransformer } from "#src/encoder/transformer.js";
import { stripPrefix } from "#src/encoder/weights.js";
import { emitModel } from "#src/onnx/index.js";
import { parseSafetensors } from "#src/tensor/index.js";
import { cosine, cosines, goldenFolder, readGolden, readRows } from "./golden.ts";

const tiny = (name: string): string => join(goldenFolder, name);
const norm = (vector: Float32Array): number => Math.hypot(...vector);

/** Words in a fixed order, so that texts of all lengths are there. */
const texts = Array.from({ length: 150 }, (_, at) =>
  "the quick brown fox keeps a lighthouse ".repeat(1 + ((at * 7) % 11)),
);

describe.each(["tiny-bert", "tiny-roberta", "tiny-xlmr"])("%s against sentence-transformers", (name) => {
  const golden = readGolden(`${name}/expected.json`);
  const sentence = readRows(`${name}/expected.safetensors`, "sentence");

  it("gives its ids and its vectors", async () => {
    await using encoder = await openEncoder(tiny(name));
    expect(golden.map(({ text }) => [...encoder.tokenizer.encode(text, 32).ids])).toEqual(
      golden.map(({ ids }) => ids),
    );
    const vectors = await encoder.encodeDocuments(golden.map(({ text }) => text));
    expect(Math.min(...cosines(vectors, sentence))).toBeGreaterThan(0.9999);
    for (const [at, vector] of vectors.entries()) expect(norm(vector)).toBeCloseTo(norm(sentence[at]!), 3);
  });
});

describe("encoding", () => {
  let encoder: Encoder;
  beforeAll(async () => {
    encoder = await openEncoder(tiny("tiny-bert"), { threads: 2 });
  });
  afterAll(() => encoder.close());

  it("gives equal vectors whatever the batch, the order and the padding", async () => {
    const together = await encoder.encodeDocuments(texts);
    const backward = (await encoder.encodeDocuments([...texts].reverse())).reverse();
    for (const [at, text] of texts.entries()) {
      const [alone] = await encoder.encodeDocuments([text]);
      expect(cosine(together[at]!, alone!)).toBeGreaterThan(0.999999);
      expect(cosine(together[at]!, backward[at]!)).toBeGreaterThan(0.999999);
    }
  });

  it("encodes a stream that is longer than a window, in order", async () => {
    const count = 5000;
    const stream = async function* (): AsyncGenerator<string> {
      for (let at = 0; at < count; at++) yield `text ${at % 100}`;
    };
    const vectors: Float32Array[] = [];
    for await (const vector of encoder.encode("document", stream())) vectors.push(vector);
    const wanted = await encoder.encodeDocuments(Array.from({ length: 100 }, (_, at) => `text ${at}`));
    expect(vectors.length).toBe(count);
    expect(vectors.every((vector, at) => cosine(vector, wanted[at % 100]!) > 0.999999)).toBe(true);
  });

  it("cuts long texts to its limit", async () => {
    const [long, cut] = await encoder.encodeDocuments(["fox ".repeat(5000), "fox ".repeat(30)]);
    expect(encoder.maxTokens).toEqual({ query: 32, document: 32 });
    expect(cosine(long!, cut!)).toBeGreaterThan(0.999999);
  });

  it("tells progress up to the total", async () => {
    const reports: unknown[] = [];
    await encoder.encodeDocuments(texts, { onProgress: (progress) => reports.push(progress) });
    expect(reports.length).toBeGreaterThan(1);
    expect(reports.at(-1)).toEqual({ done: 150, total: 150, unit: "texts" });
  });

  it("stops at an abort, before and while it works", async () => {
    const before = encoder.encodeDocuments(texts, { signal: AbortSignal.abort(new Error("stop")) });
    await expect(before).rejects.toThrow("stop");
    const controller = new AbortController();
    let done = 0;
    const during = encoder.encodeDocuments(texts, {
      signal: controller.signal,
      onProgress: (progress) => {
        done = progress.done;
        controller.abort(new Error("stop now"));
      },
    });
    await expect(during).rejects.toThrow("stop now");
    expect(done).toBeLessThan(texts.length);
    expect((await encoder.encodeDocuments(["after"])).length).toBe(1);
  });

  it("encodes nothing as nothing, and refuses unknown tasks and a closed encoder", async () => {
    expect(await encoder.encodeDocuments([])).toEqual([]);
    await expect(encoder.encodeQueries(["x"], { task: "nope" })).rejects.toThrow(
      'unknown task "nope"; this model has qa',
    );
    expect(() => encoder.fingerprint("nope")).toThrow('unknown task "nope"');
    const closed = await openEncoder(tiny("tiny-bert"));
    await closed.close();
    await expect(closed.encodeQueries(["x"])).rejects.toThrow("closed");
  });
});

describe("instructions, notices, fingerprints", () => {
  const open = (options: OpenEncoderOptions): Promise<Encoder> => openEncoder(tiny("tiny-bert"), options);

  it("puts the instruction of the task and side in front", async () => {
    await using plain = await open({ instructions: "none" });
    await using dressed = await open({ instructions: "llm-embedder" });
    const [wanted] = await plain.encodeQueries([
      "Transform this user request for fetching helpful tool descriptions: fly",
    ]);
    const [got] = await dressed.encodeQueries(["fly"], { task: "tool" });
    expect(cosine(wanted!, got!)).toBeGreaterThan(0.999999);
    await using own = await open({ instructions: { recipes: { query: "dish: ", document: "recipe: " } } });
    const [recipe] = await own.encodeDocuments(["fox stew"], { task: "recipes" });
    const [written] = await plain.encodeDocuments(["recipe: fox stew"]);
    expect(cosine(recipe!, written!)).toBeGreaterThan(0.999999);
    expect(own.tasks).toEqual(["qa", "convsearch", "chat", "lrlm", "icl", "tool", "recipes"]);
  });

  it("tells once when much of the texts is unknown", async () => {
    const notices: string[] = [];
    await using encoder = await open({ instructions: "none", onNotice: (notice) => notices.push(notice) });
    await encoder.encodeDocuments(["the quick brown fox"]);
    expect(notices).toEqual([]);
    await encoder.encodeDocuments(["ภาษาไทย เขียน ไม่ เว้น", "😀 😀 😀"]);
    await encoder.encodeDocuments(["😀 😀 😀"]);
    expect(notices.length).toBe(1);
    expect(notices[0]).toMatch(/unknown to .*tiny-bert.*bm25 or hybrid.*multilingual/);
  });

  it("identifies the document side, and nothing of the query side", async () => {
    await using plain = await open({ instructions: "none" });
    await using bge = await open({ instructions: "bge" });
    await using e5 = await open({ instructions: "e5" });
    await using int8 = await open({ instructions: "none", precision: "int8" });
    expect(plain.fingerprint("qa")).toMatch(/^[0-9a-f]{64}$/);
    expect(plain.fingerprint("tool")).toBe(plain.fingerprint("qa"));
    expect(bge.fingerprint("qa")).toBe(plain.fingerprint("qa"));
    expect(e5.fingerprint("qa")).not.toBe(plain.fingerprint("qa"));
    expect(int8.fingerprint("qa")).not.toBe(plain.fingerprint("qa"));
  });
});

describe("forms of a model", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "encoder-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("runs an ONNX file given instead of weights", async () => {
    const copy = join(folder, "onnx-only");
    await cp(tiny("tiny-roberta"), copy, { recursive: true });
    const weights = readFileSync(join(copy, "model.safetensors"));
    const config = parseTransformerConfig(
      JSON.parse(readFileSync(join(copy, "config.json"), "utf8")),
      "config.json",
    );
    const graph = buildTransformer(config, { pooling: "cls", normalize: false, outputs: "hidden" });
    await mkdir(join(copy, "onnx"));
    await writeFile(
      join(copy, "onnx/model.onnx"),
      emitModel(graph, stripPrefix(parseSafetensors(weights).tensors)),
    );
    await rm(join(copy, "model.safetensors"));
    await using encoder = await openEncoder(copy);
    const vectors = await encoder.encodeDocuments(
      readGolden("tiny-roberta/expected.json").map(({ text }) => text),
    );
    const wanted = readRows("tiny-roberta/expected.safetensors", "sentence");
    expect(Math.min(...cosines(vectors, wanted))).toBeGreaterThan(0.9999);
    await expect(openEncoder(copy, { precision: "int8" })).rejects.toThrow(
      "an ONNX file runs as it is stored",
    );
  });

  it("refuses a pickle with the line that converts it", async () => {
    const copy = join(folder, "pickle");
    await cp(tiny("tiny-bert"), copy, { recursive: true });
    await rm(join(copy, "model.safetensors"));
    await expect(openEncoder(copy)).rejects.toThrow("no weights; wanted one of model.safetensors");
    await writeFile(join(copy, "pytorch_model.bin"), "not opened");
    await expect(openEncoder(copy)).rejects.toThrow(/pickle.*never opened; convert it.*python -c/);
  });

  it("names the file of broken weights, and what is missing", async () => {
    const copy = join(folder, "broken");
    await cp(tiny("tiny-bert"), copy, { recursive: true });
    const weights = readFileSync(join(copy, "model.safetensors"));
    await writeFile(join(copy, "model.safetensors"), weights.subarray(0, weights.length - 100));
    await expect(openEncoder(copy)).rejects.toThrow(
      /broken.model\.safetensors: safetensors: the file is truncated/,
    );
    await writeFile(join(copy, "model.safetensors"), weights);
    const config = JSON.parse(readFileSync(join(copy, "config.json"), "utf8"));
    await writeFile(
      join(copy, "config.json"),
      JSON.stringify({ ...config, num_hidden_layers: 3, vocab_size: 7 }),
    );
    const wrong = openEncoder(copy);
    await expect(wrong).rejects.toThrow("embeddings.word_embeddings.weight is [282,32], wanted [7,32]");
    await expect(wrong).rejects.toThrow("encoder.layer.2.attention.self.query.weight is missing");
    await writeFile(join(copy, "config.json"), "{");
    await expect(openEncoder(copy)).rejects.toThrow(/config\.json: not valid JSON/);
  });

  it("refuses names that are no model", async () => {
    await expect(openEncoder("nothing-like-this")).rejects.toThrow(
      "no model nothing-like-this; wanted a bundled name (mini)",
    );
    await expect(openEncoder(join(folder, "nowhere"))).rejects.toThrow("a folder");
    await expect(
      openEncoder(tiny("tiny-bert"), { device: "abacus" }).then((e) => e.encodeQueries(["x"])),
    ).rejects.toThrow("abacus");
  });
});

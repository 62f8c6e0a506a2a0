import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { padBatch } from "#src/encoder/batches.js";
import { parseTransformerConfig } from "#src/encoder/config.js";
import { openEncoder, quantizeModel } from "#src/encoder/index.js";
import { buildTransformer } from "#src/encoder/transformer.js";
import { selectWeights, stripPrefix } from "#src/encoder/weights.js";
import { emitModel } from "#src/onnx/index.js";
import { openSession } from "#src/runtime/index.js";
import { parseSafetensors, toFloat32 } from "#src/tensor/index.js";
import { cosine, cosines, dataTexts, fullModel, mean, readGolden, readRows } from "./golden.ts";

const golden = readGolden("minilm.json");
const texts = golden.map(({ text }) => text);
const pooled = readRows("minilm.safetensors", "pooled");
const mini = resolve(import.meta.dirname, "../../models/mini");

const full = fullModel("all-MiniLM-L6-v2");
const corpus = dataTexts("knowledge/multihop/corpus.jsonl", 32);

describe("mini", () => {
  it("gives the ids of all-MiniLM-L6-v2 and nearly its vectors", async () => {
    await using encoder = await openEncoder("mini");
    expect(golden.map(({ text }) => [...encoder.tokenizer.encode(text, 256).ids])).toEqual(
      golden.map(({ ids }) => ids),
    );
    const near = cosines(await encoder.encodeDocuments(texts), pooled);
    expect(mean(near)).toBeGreaterThan(0.985);
    expect(Math.min(...near)).toBeGreaterThan(0.97);
  });

  it("gives a text the same vector in any batch, with 8-bit weights too", async () => {
    await using encoder = await openEncoder("mini");
    const together = await encoder.encodeDocuments(texts);
    for (const at of [0, 3, 6, 19]) {
      const [alone] = await encoder.encodeDocuments([texts[at] ?? ""]);
      expect(cosine(together[at]!, alone!)).toBeGreaterThan(0.99999);
    }
  });

  it.each([
    ["Как мне заменить ключ? Резервные копии делаются ночью в два часа.", 1],
    ["كيف أغير المفتاح؟ يفتح المكتب في الساعة الثامنة", 1],
    ["열쇠를 어떻게 바꾸나요? 사무실은 여덟 시에 엽니다", 1],
    ["我如何更换钥匙？办公室八点开门。", 1],
    ["Anahtarı nasıl değiştiririm? Ofis saat sekizde açılıyor.", 0],
    ["Kwaśniewski Szczecin Ljubljana Zsigmondy", 0],
  ])("tells of a script that it hardly covers: %s", async (text, times) => {
    const notices: string[] = [];
    await using encoder = await openEncoder("mini", { onNotice: (notice) => notices.push(notice) });
    await encoder.encodeQueries([text]);
    expect(notices.filter((notice) => notice.includes("hardly covers"))).toHaveLength(times);
  });

  it("ranks a question's answer first", async () => {
    await using encoder = await openEncoder("mini");
    const [question] = await encoder.encodeQueries(["What is the capital of France?"]);
    const documents = texts.filter((text) => text !== "What is the capital of France?");
    const scores = cosines(
      await encoder.encodeDocuments(documents),
      documents.map(() => question!),
    );
    expect(documents[scores.indexOf(Math.max(...scores))]).toBe("Paris is the capital of France.");
  });
});

describe.skipIf(full === undefined)("all-MiniLM-L6-v2, full size", () => {
  const folder = full ?? "";

  it("gives the vectors of sentence-transformers", async () => {
    await using encoder = await openEncoder(folder);
    const near = cosines(await encoder.encodeDocuments(texts), pooled);
    expect(Math.min(...near)).toBeGreaterThan(0.9999);
  });

  it("gives the hidden states of transformers", async () => {
    const config = parseTransformerConfig(
      JSON.parse(await readFile(join(folder, "config.json"), "utf8")),
      folder,
    );
    const graph = buildTransformer(config, { pooling: "mean", normalize: true, outputs: "hidden" });
    const stored = stripPrefix(parseSafetensors(await readFile(join(folder, "model.safetensors"))).tensors);
    await using session = await openSession(
      emitModel(graph, selectWeights(stored, graph.parameters, new Set())),
    );
    const hidden: number[] = [];
    for (const { ids } of golden.slice(0, 4)) {
      const { hidden: output } = await session.run(padBatch([Int32Array.from(ids)], 0));
      hidden.push(...toFloat32(output!));
    }
    const wanted = readRows("minilm.safetensors", "hidden");
    const got = wanted.map((row, at) =>
      Float32Array.from(hidden.slice(at * row.length, (at + 1) * row.length)),
    );
    expect(hidden.length).toBe(wanted.length * 384);
    expect(Math.min(...cosines(got, wanted))).toBeGreaterThan(0.9999);
  });

  it("quantises to the bytes of the bundled model", async () => {
    const out = await mkdtemp(join(tmpdir(), "mini-"));
    const written = await quantizeModel(folder, join(out, "mini"));
    const [made, bundled] = [join(out, "mini"), mini].map((from) =>
      readFile(join(from, "model.safetensors")),
    );
    expect((await made)!.equals((await bundled)!)).toBe(true);
    expect(written.kept).toEqual([]);
    await rm(out, { recursive: true });
  });

  it.skipIf(corpus === undefined)("keeps real texts at a mean cosine of 0.985 in int8", async () => {
    await using float = await openEncoder(folder);
    await using bundled = await openEncoder("mini");
    const [wanted, got] = await Promise.all(
      [float, bundled].map((encoder) => encoder.encodeDocuments(corpus ?? [])),
    );
    expect(mean(cosines(got ?? [], wanted ?? []))).toBeGreaterThan(0.985);
  });

  it("gives the same vectors when it is quantised at load", async () => {
    await using loaded = await openEncoder(folder, { precision: "int8" });
    await using bundled = await openEncoder("mini");
    const short = texts.slice(0, 3);
    const [left, right] = [await loaded.encodeQueries(short), await bundled.encodeQueries(short)];
    expect(Math.min(...cosines(left, right))).toBeGreaterThan(0.99999);
  });
});

describe("published values", () => {
  const embedder = fullModel("BAAI/llm-embedder");

  it.skipIf(embedder === undefined)("gives the similarities in the README of BAAI/llm-embedder", async () => {
    await using encoder = await openEncoder(embedder ?? "", { instructions: "llm-embedder" });
    const queries = await encoder.encodeQueries(["test query 1", "test query 2"], { task: "qa" });
    const keys = await encoder.encodeDocuments(["test key 1", "test key 2"], { task: "qa" });
    const similarities = queries.map((query) => keys.map((key) => cosine(query, key)));
    const published = [
      [0.8971, 0.8534],
      [0.8462, 0.9091],
    ];
    for (const [row, wanted] of published.entries()) {
      for (const [column, value] of wanted.entries())
        expect(similarities[row]?.[column]).toBeCloseTo(value, 3);
    }
  });
});

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeModel, exportModel, listModels, openEncoder, quantizeModel } from "#src/encoder/index.js";
import { cosines, goldenFolder, mean, readGolden, readRows } from "./golden.ts";

const bert = join(goldenFolder, "tiny-bert");
const texts = readGolden("tiny-bert/expected.json").map(({ text }) => text);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "models-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("model folders", () => {
  it("are quantised deterministically, and say so", async () => {
    const lineage = { base: "tiny-bert" };
    const first = await quantizeModel(bert, join(folder, "first"), { instructions: "e5", lineage });
    await quantizeModel(bert, join(folder, "second"), { instructions: "e5", lineage });
    const names = (await readdir(first.out)).sort();
    expect(names).toEqual([
      "config.json",
      "model.safetensors",
      "retrieve.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    for (const name of names) {
      expect(await readFile(join(first.out, name))).toEqual(await readFile(join(folder, "second", name)));
    }
    const shown = await describeModel(first.out);
    expect(shown).toMatchObject({
      precision: ["int8", "float32"],
      dimensions: 32,
      layers: 2,
      pooling: "mean",
      lineage,
    });
    expect(shown.maxTokens).toEqual({ query: 32, document: 32 });
    expect(shown.instructions["qa"]).toEqual({ query: "query: ", document: "passage: " });
    await using encoder = await openEncoder(first.out, { instructions: "none" });
    const wanted = readRows("tiny-bert/expected.safetensors", "sentence");
    expect(mean(cosines(await encoder.encodeDocuments(texts), wanted))).toBeGreaterThan(0.985);
  });

  it("are exported as float32 with the sentence-transformers files", async () => {
    await quantizeModel(bert, join(folder, "int8"));
    await exportModel(join(folder, "int8"), join(folder, "float32"));
    expect((await describeModel(join(folder, "float32"))).precision).toEqual(["float32"]);
    await rm(join(folder, "float32/retrieve.json"));
    await using exported = await openEncoder(join(folder, "float32"));
    await using int8 = await openEncoder(join(folder, "int8"), { precision: "float32" });
    const [left, right] = [await exported.encodeDocuments(texts), await int8.encodeDocuments(texts)];
    expect(Math.min(...cosines(left, right))).toBeGreaterThan(0.999999);
    expect(exported.maxTokens).toEqual({ query: 32, document: 32 });
  });

  it("are complete or not there", async () => {
    await quantizeModel(bert, join(folder, "taken"));
    await expect(quantizeModel(bert, join(folder, "taken"))).rejects.toThrow(
      "exists already; name a new folder",
    );
    await expect(quantizeModel(bert, join(folder, "bad"), { instructions: "nope" })).rejects.toThrow(
      'unknown set "nope"',
    );
    await expect(quantizeModel(join(folder, "nowhere"), join(folder, "bad"))).rejects.toMatchObject({
      code: "not_found",
    });
    expect((await readdir(folder)).filter((name) => name.startsWith("bad"))).toEqual([]);
  });

  it("are listed: the bundled ones come with the package", async () => {
    const [mini] = await listModels({ cacheFolder: join(folder, "no-cache") });
    expect(mini).toMatchObject({ name: "mini", source: "bundled" });
    expect(mini?.bytes).toBeLessThan(25_000_000);
    const shown = await describeModel("mini");
    expect(shown).toMatchObject({
      architecture: "bert",
      dimensions: 384,
      layers: 6,
      precision: ["int8", "float32"],
    });
    expect(shown.lineage).toMatchObject({
      base: "sentence-transformers/all-MiniLM-L6-v2",
      license: "Apache-2.0",
    });
  });
});

/** A Python with sentence-transformers, where one is named. */
const python = process.env["RETRIEVE_PYTHON"];
if (python === undefined || !existsSync(python)) {
  console.log(
    "skipped: opening an export in sentence-transformers (set RETRIEVE_PYTHON to a Python that has it)",
  );
}

describe.skipIf(python === undefined || !existsSync(python))("an export", () => {
  it("opens in sentence-transformers", { timeout: 300_000 }, async () => {
    await exportModel("models/mini", join(folder, "mini-float32"));
    const script = [
      "import sys, json",
      "from sentence_transformers import SentenceTransformer",
      "print(json.dumps(SentenceTransformer(sys.argv[1], device='cpu').encode(json.loads(sys.argv[2])).tolist()))",
    ].join("\n");
    const sentences = ["Who keeps the lighthouse?", "The keeper trims the lamp."];
    const given = [join(folder, "mini-float32"), JSON.stringify(sentences)];
    const output = execFileSync(python ?? "", ["-c", script, ...given], { encoding: "utf8", stdio: "pipe" });
    const rows: number[][] = JSON.parse(output.trim().split("\n").at(-1) ?? "");
    await using encoder = await openEncoder("mini", { precision: "float32" });
    const near = cosines(
      await encoder.encodeQueries(sentences),
      rows.map((row) => Float32Array.from(row)),
    );
    expect(Math.min(...near)).toBeGreaterThan(0.9999);
  });
});

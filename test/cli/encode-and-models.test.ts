/** Vectors of lines, and the files of models. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Json, jsonOf, retrieveHere } from "./here.ts";

const tiny = resolve(import.meta.dirname, "../golden/tiny-bert");
const folder = mkdtempSync(join(tmpdir(), "retrieve-encode-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const place = (name: string): string => join(folder, name);

const texts = "how tall is Everest\nwhere do zebras live\n";

async function vectorsOf(args: readonly string[], input?: string): Promise<number[][]> {
  const { code, stdout, stderr } = await retrieveHere(
    ["encode", ...args],
    input === undefined ? {} : { input },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).embedding);
}

describe("encode", () => {
  it("prints a vector a line, from standard input and from a file alike", async () => {
    const given = await vectorsOf(["--task", "qa", "--side", "query"], texts);
    expect(given.map((vector) => vector.length)).toEqual([384, 384]);
    for (const vector of given) expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
    writeFileSync(place("lines.txt"), texts.replaceAll("\n", "\r\n"));
    expect(await vectorsOf(["--side", "query", place("lines.txt")])).toEqual(given);
  });

  it("computes in the precision asked for", async () => {
    const args = ["--side", "query", "--model", tiny, "--quiet"];
    const [stored, float32, int8] = await Promise.all([
      vectorsOf(args, texts),
      vectorsOf([...args, "--precision", "float32"], texts),
      vectorsOf([...args, "--precision", "int8"], texts),
    ]);
    expect(float32).toEqual(stored); // its weights are float32
    expect(int8).not.toEqual(stored);
    const wrong = await retrieveHere(["encode", ...args, "--precision", "int4"], { input: texts });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("float32, int8") });
  });

  it("writes the same numbers as a NumPy matrix", async () => {
    const args = ["--side", "document", "--model", tiny, "--quiet"];
    const printed = await vectorsOf(args, texts);
    const out = place("matrix.npy");
    const { code, stdout } = await retrieveHere(["encode", ...args, "--out", out], { input: texts });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(readMatrix(out)).toEqual({ shape: [2, printed[0]?.length], rows: printed });
  });

  it("leaves no file where the work failed", async () => {
    const out = place("none.npy");
    const failed = await retrieveHere([
      "encode",
      "--side",
      "query",
      "--model",
      tiny,
      "--quiet",
      "--out",
      out,
      place("none.txt"),
    ]);
    expect(failed).toMatchObject({
      code: 1,
      stdout: "",
      stderr: `retrieve: ${place("none.txt")}: no such file or folder\n`,
    });
    expect(existsSync(out)).toBe(false);
  });

  it("names the tasks that the model knows", async () => {
    const { code, stderr } = await retrieveHere(["encode", "--side", "query", "--task", "poetry"], {
      input: "x",
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/poetry.*qa/);
  });
});

describe("models", () => {
  it("lists the bundled encoder", async () => {
    const listed = await jsonOf(["models", "list"]);
    expect(listed.find(({ name }: Json) => name === "mini")).toMatchObject({ source: "bundled" });
    expect((await retrieveHere(["models", "list"])).stdout).toMatch(
      /^model +from +size\nmini +bundled +\d+\.\d MB/,
    );
  });

  it("shows what a model is made of, within the width", async () => {
    expect(await jsonOf(["models", "show", "mini"])).toMatchObject({
      name: "mini",
      dimensions: 384,
      pooling: "mean",
    });
    const { stdout } = await retrieveHere(["models", "show", "mini"]);
    expect(stdout).toMatch(/^dimensions +384$/m);
    expect(stdout).toMatch(/^ {2}license +Apache-2\.0$/m);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it("quantizes and exports", async () => {
    const int8 = place("int8");
    expect(await jsonOf(["models", "quantize", tiny, "--out", int8])).toHaveProperty("bytes");
    expect((await jsonOf(["models", "show", int8])).precision).toContain("int8");
    const f32 = place("f32");
    expect((await retrieveHere(["models", "export", int8, "--dtype", "f32", "--out", f32])).stdout).toMatch(
      / MB\n$/,
    );
    expect((await jsonOf(["models", "show", f32])).precision).toEqual(["float32"]);
    const args = ["--side", "query"];
    expect(await vectorsOf([...args, "--model", f32], "a\n")).toHaveLength(1);
    const again = await retrieveHere(["models", "export", int8, "--out", f32]);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("exists already");
  });

  it("merges, with weights or equal ones", async () => {
    const out = place("merged");
    const merged = await jsonOf(["models", "merge", `${tiny}=1`, `${tiny}=3`, "--out", out]);
    expect(merged).toMatchObject({ out, models: [{ model: "tiny-bert", weight: 0.25 }, { weight: 0.75 }] });
    expect((await jsonOf(["models", "show", out])).lineage.models).toHaveLength(2);
    expect(await vectorsOf(["--side", "query", "--model", out], "a\n")).toHaveLength(1);
    const { code, stdout, stderr } = await retrieveHere([
      "models",
      "merge",
      tiny,
      tiny,
      "--out",
      place("equal"),
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^model +weight\ntiny-bert +0\.5000\ntiny-bert +0\.5000\n.* MB\n$/);
    const shown = await retrieveHere(["models", "show", out]);
    expect(shown.stdout).toMatch(/^ {6}model +tiny-bert$/m);
  });

  it("tells on stderr that it merges int8 weights", async () => {
    const { code, stdout, stderr } = await retrieveHere([
      "models",
      "merge",
      "mini",
      "mini",
      "--out",
      place("minis"),
    ]);
    expect({ code, lines: stdout.split("\n").length }).toEqual({ code: 0, lines: 5 });
    expect(stderr).toContain("mini: its int8 weights are taken as float32");
  });

  it.each([
    [["mini=x", "mini=1"], /wanted MODEL=WEIGHT with a number/],
    [["mini=1", "mini"], /mini: no weight; give every model one/],
    [["mini"], /got 1 models; wanted at least two/],
    [[tiny, "mini"], /tiny-bert and mini differ: layers is 2 in the first, 6 in the other/],
  ])("refuses to merge %j", async (models, wanted) => {
    const { code, stdout, stderr } = await retrieveHere(["models", "merge", ...models, "--out", place("no")]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(wanted);
    expect(existsSync(place("no"))).toBe(false);
  });

  it("opens no socket with --offline", async () => {
    const pulled = await retrieveHere(["models", "pull", "nobody/nothing", "--offline", "--json"]);
    expect(pulled).toMatchObject({ code: 1, stdout: "" });
    expect(JSON.parse(pulled.stderr).error.code).toBe("offline");
  });

  it("says what it has when a model is unknown", async () => {
    const { code, stderr } = await retrieveHere(["models", "show", "maxi", "--offline"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^retrieve: .*maxi.*mini/s);
  });
});

/** Reads the NumPy format, version 1, little-endian floats in rows. */
function readMatrix(path: string): { shape: number[]; rows: number[][] } {
  const bytes = readFileSync(path);
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from("\u0093NUMPY\u0001\u0000", "latin1"));
  const end = 10 + bytes.readUInt16LE(8);
  expect(end % 64).toBe(0);
  const header = bytes.toString("latin1", 10, end);
  expect(header).toContain("'descr': '<f4'");
  expect(header).toContain("'fortran_order': False");
  const [, count = "", width = ""] = /'shape': \((\d+), (\d+)\)/.exec(header) ?? [];
  expect(bytes.length).toBe(end + Number(count) * Number(width) * 4);
  const at = (row: number, column: number): number =>
    bytes.readFloatLE(end + (row * Number(width) + column) * 4);
  const rows = Array.from({ length: Number(count) }, (_, row) =>
    Array.from({ length: Number(width) }, (__, column) => at(row, column)),
  );
  return { shape: [Number(count), Number(width)], rows };
}

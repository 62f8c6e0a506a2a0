/** Golden values of test/golden, and where the models are that tests open. */

import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseSafetensors, toFloat32 } from "#src/tensor/index.js";

const root = resolve(import.meta.dirname, "../..");
export const goldenFolder = join(root, "test/golden");
const dataFolder = resolve(root, process.env["RETRIEVE_DATA"] ?? "../shared/data");
const modelsFolder = process.env["RETRIEVE_MODELS"] ?? join(homedir(), ".cache/retrieve-anything/models");

export interface GoldenText {
  readonly text: string;
  readonly ids: readonly number[];
}

export function readGolden(path: string): readonly GoldenText[] {
  return JSON.parse(readFileSync(join(goldenFolder, path), "utf8"));
}

/** The rows of a matrix in a golden safetensors file. */
export function readRows(path: string, name: string): Float32Array[] {
  const tensor = parseSafetensors(readFileSync(join(goldenFolder, path))).tensors.get(name);
  if (tensor === undefined) throw new Error(`${path} has no ${name}`);
  const width = tensor.shape.at(-1) ?? 1;
  const values = toFloat32(tensor);
  return Array.from({ length: values.length / width }, (_, row) =>
    values.slice(row * width, (row + 1) * width),
  );
}

/** A full-size model in RETRIEVE_MODELS, or undefined and a printed reason. */
export function fullModel(name: string): string | undefined {
  const folder = join(modelsFolder, name);
  if (existsSync(join(folder, "config.json"))) return folder;
  console.log(`skipped: ${folder} is not there (runs/fetch-models.sh brings all-MiniLM-L6-v2)`);
  return undefined;
}

/** The first texts of a data set, or undefined and a printed reason. */
export function dataTexts(path: string, count: number): string[] | undefined {
  const file = join(dataFolder, path);
  if (!existsSync(file)) {
    console.log(`skipped: ${file} is not there (set RETRIEVE_DATA)`);
    return undefined;
  }
  const lines = readFileSync(file, "utf8").split("\n", count);
  return lines.map((line) => String(JSON.parse(line).text));
}

export function cosine(left: Float32Array, right: Float32Array): number {
  let [product, ofLeft, ofRight] = [0, 0, 0];
  for (const [at, value] of left.entries()) {
    const other = right[at] ?? Number.NaN;
    product += value * other;
    ofLeft += value * value;
    ofRight += other * other;
  }
  return product / Math.sqrt(ofLeft * ofRight);
}

export function cosines(left: readonly Float32Array[], right: readonly Float32Array[]): number[] {
  return left.map((vector, at) => cosine(vector, right[at] ?? new Float32Array(vector.length)));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

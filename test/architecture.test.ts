/** The floors of ARCHITECTURE.md as a test: who may import whom, through which door, and how large a file may be. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const source = join(root, "src");

const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ name, text: readFileSync(join(source, name), "utf8") }));

/** The import table stands in ARCHITECTURE.md; the test reads it there, so that the two cannot differ. */
const allowed = new Map(
  [...readFileSync(join(root, "ARCHITECTURE.md"), "utf8").matchAll(/^\| `(\w+)` +\| ([\w ]*?) *\|/gm)].map(
    ([, floor, imports]) => [floor ?? "", new Set((imports ?? "").split(" ").filter(Boolean))],
  ),
);

const imports = files.flatMap(({ name, text }) =>
  [...text.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(([, target]) => ({ name, target: target ?? "" })),
);
const floorOf = (name: string): string => (name.includes("/") ? (name.split("/")[0] ?? "") : "index");

describe("architecture", () => {
  it("finds the table and the sources", () => {
    expect(allowed.size).toBeGreaterThan(8);
    expect(files.length).toBeGreaterThan(8);
  });

  it("lets a floor import only the floors that the table names, through their doors", () => {
    const wrong = imports
      .filter(({ target }) => target.startsWith("."))
      .map(({ name, target }) => ({ name, target: relative(source, resolve(source, dirname(name), target)) }))
      .filter(({ name, target }) => floorOf(name) !== floorOf(target) && floorOf(name) !== "index")
      .filter(({ name, target }) => {
        const through = allowed.get(floorOf(name));
        const known = through?.has("all") || through?.has(floorOf(target));
        return !known || target !== `${floorOf(target)}/index.ts`;
      });
    expect(wrong).toEqual([]);
  });

  it("names ONNX Runtime in runtime only", () => {
    expect(importersOf("onnxruntime-node")).toSatisfy(all((name) => name.startsWith("runtime/")));
  });

  it("reads the environment, prints and exits in cli only", () => {
    const uses = files.filter(({ name, text }) => !name.startsWith("cli/") && ambient.test(text));
    expect(uses.map(({ name }) => name)).toEqual([]);
  });

  it("does no input or output in pure floors", () => {
    const pure = (name: string): boolean =>
      /^(graph|onnx|tensor|train\/(losses|batches))\/|^eval\/metrics/.test(name);
    expect(imports.filter(({ name, target }) => pure(name) && target.startsWith("node:"))).toEqual([]);
  });

  it("keeps files under 400 lines and doors under 80", () => {
    const long = files.filter(({ name, text }) => {
      const lines = text.split("\n").length;
      return lines > (name.endsWith("/index.ts") ? 80 : 400);
    });
    expect(long.map(({ name }) => name)).toEqual([]);
  });

  it("has no room called utils, helpers or common", () => {
    expect(files.filter(({ name }) => /(^|\/)(utils?|helpers?|common|misc)(\/|\.ts$)/.test(name))).toEqual(
      [],
    );
  });
});

const ambient = /process\.env|\bconsole\.|process\.exit\b/;

function importersOf(name: string): string[] {
  return imports.filter(({ target }) => target === name).map((found) => found.name);
}

function all(test: (name: string) => boolean): (names: string[]) => boolean {
  return (names) => names.every(test);
}

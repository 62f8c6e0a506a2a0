/** Help, wrong usage and the start: what a person meets before any work is done. */

import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { retrieveHere } from "./here.ts";
import { retrieve } from "./run-cli.ts";

const commands = [
  [],
  ...[
    "demo",
    "add",
    "search",
    "augment",
    "call",
    "ask",
    "status",
    "delete",
    "reindex",
    "encode",
    "eval",
    "convert",
    "mine",
    "train",
    "adapt",
    "models",
  ].map((name) => [name]),
  ...[
    ..."retrieval mmlu popqa nq icl msc lrlm convsearch tool toolret beir memory tools-run verify report".split(
      " ",
    ),
  ].map((name) => ["eval", name]),
  ...["list", "show", "pull", "quantize", "export", "merge"].map((name) => ["models", name]),
];

describe("--help", () => {
  it.each(commands.map((command) => [command.join(" "), command] as const))(
    "of retrieve %s shows an example within 80 columns",
    async (_name, command) => {
      const { code, stdout, stderr } = await retrieveHere([...command, "--help"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/^Usage: retrieve/);
      expect(stdout).toMatch(/\nExample:\n {2}.*retrieve /);
      expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    },
  );

  it("lists every command", async () => {
    const { stdout } = await retrieveHere(["--help"]);
    for (const [name] of commands.slice(1)) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, "m"));
  });

  it("names the environment variable of each flag", async () => {
    const { stdout } = await retrieveHere(["search", "--help"]);
    const flags = [...stdout.matchAll(/^ {2}(?:-\w, )?--(?!help|version)([\w-]+)/gm)].map(([, flag]) => flag);
    expect(flags.length).toBeGreaterThan(7);
    const unwrapped = stdout.replace(/\s+/g, " ");
    for (const flag of flags) {
      expect(unwrapped).toContain(`env: RETRIEVE_${flag?.replaceAll("-", "_").toUpperCase()}`);
    }
  });

  it("waits for no engine: what is loaded at the start is small", () => {
    expect(packagesLoadedBy(resolve(import.meta.dirname, "../../dist/cli/main.js"))).toEqual([
      "cli-progress",
      "commander",
      "string-width",
    ]);
  });
});

describe("wrong usage", () => {
  it.each([
    ["no command", []],
    ["an unknown command", ["serch", "x"]],
    ["an unknown flag", ["status", "--verbos"]],
    ["no kind", ["search", "x"]],
    ["an unknown kind", ["search", "x", "--kind", "wisdom"]],
    ["an unknown kind of source", ["add", "wisdom", "docs"]],
    ["no source", ["add", "knowledge"]],
    ["a number that is none", ["search", "x", "--kind", "tools", "--top-k", "many"]],
    ["a budget of nothing", ["augment", "x", "--max-tokens", "0"]],
    ["an unknown method", ["search", "x", "--kind", "tools", "--method", "magic"]],
    ["no language model", ["ask", "x"]],
    ["an interval that is none", ["ask", "x", "--llm", "llama:m.gguf", "--every", "often"]],
    ["arguments that are no JSON", ["call", "tool", "{broken"]],
    ["a floor without a value", ["eval", "retrieval", "x", "--min", "nDCG@10"]],
    ["an unknown side", ["encode", "--side", "left"]],
    ["no rows", ["train", "--out", "x"]],
    ["no source to adapt to", ["adapt", "--out", "x"]],
    ["no folder for what is adapted", ["adapt", "x"]],
    ["a margin that is none", ["adapt", "x", "--out", "x", "--margin", "little"]],
    ["a number of steps that is none", ["train", "--data", "x", "--out", "x", "--steps", "0"]],
  ])("%s: exit 2, nothing on stdout", async (_name, args) => {
    const { code, stdout, stderr } = await retrieveHere(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).not.toBe("");
    expect(stderr).not.toMatch(/^\s+at /m);
    const asked = await retrieveHere([...args, "--json"]);
    expect(asked).toMatchObject({ code: 2, stdout: "" });
    expect(JSON.parse(asked.stderr).error).toEqual({ code: "usage", message: expect.any(String) });
  });

  it("names the choices, and the near miss", async () => {
    expect((await retrieveHere(["search", "x", "--kind", "wisdom"])).stderr).toContain(
      "knowledge, memory, examples, tools",
    );
    expect((await retrieveHere(["serch", "x"])).stderr).toContain("Did you mean search?");
  });
});

it("starts as a process, tells its version and its exit code", async () => {
  const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, "../../package.json"), "utf8"));
  expect(await retrieve(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  expect(await retrieve(["status", "--verbos"])).toMatchObject({ code: 2, stdout: "" });
});

/** The packages that a module imports before it runs, through the modules of ours that it imports. */
function packagesLoadedBy(entry: string): string[] {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const follow = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const [, target = ""] of readFileSync(path, "utf8").matchAll(/(?:^import|\bfrom) "([^"]+)";$/gm)) {
      if (target.startsWith(".")) follow(join(dirname(path), target));
      else if (!target.startsWith("node:")) packages.add(target);
    }
  };
  follow(entry);
  expect(seen.size).toBeGreaterThan(15);
  return [...packages].sort();
}

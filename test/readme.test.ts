/** What the documents tell people to type: every TypeScript block compiles and runs, every `retrieve …` line is known. */

import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { retrieveHere } from "./cli/here.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "..");
const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" });
const documents = [
  "README.md",
  "examples/README.md",
  "samples/README.md",
  ...docs.map((name) => `docs/${name}`),
]
  .filter((name) => name.endsWith(".md"))
  .map((name) => ({ name, text: readFileSync(join(root, name), "utf8") }));

/** A fenced block; `// not run` in it marks one that needs what a test has not. */
interface Block {
  readonly place: string;
  readonly code: string;
}

function blocksIn(language: string): Block[] {
  return documents.flatMap(({ name, text }) =>
    [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
      ({ 1: code = "", index }) => ({
        place: `${name}:${text.slice(0, index).split("\n").length}`,
        code,
      }),
    ),
  );
}

describe("TypeScript blocks", () => {
  const project = mkdtempSync(join(tmpdir(), "retrieve-readme-"));
  afterAll(() => rmSync(project, { recursive: true, force: true }));
  const blocks = blocksIn("ts").filter(({ code }) => !code.includes("// not run"));
  const fileOf = (block: Block): string => `block${blocks.indexOf(block)}`;

  // A project of somebody who depends on the package.
  beforeAll(async () => {
    mkdirSync(join(project, "node_modules"));
    symlinkSync(root, join(project, "node_modules/retrieve-anything"));
    symlinkSync(join(root, "node_modules/@types"), join(project, "node_modules/@types"));
    writeFileSync(join(project, "package.json"), '{ "type": "module" }');
    for (const block of blocks) writeFileSync(join(project, `${fileOf(block)}.ts`), block.code);
    const compilerOptions = { target: "es2023", isolatedDeclarations: false, outDir: "built", rootDir: "." };
    const config = { extends: relative(project, join(root, "tsconfig.base.json")), compilerOptions };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    await run(process.execPath, [compiler, "-p", "."], { cwd: project }).catch(({ stdout }) => {
      throw new Error(`blocks ${blocks.map(({ place }) => place)} do not compile:\n${stdout}`);
    });
  });

  it("are found", () => {
    expect(blocks).not.toEqual([]);
  });

  it.each(blocks.map((block) => [block.place, block] as const))("%s runs", async (_place, block) => {
    const folder = join(project, `run-${fileOf(block)}`);
    mkdirSync(join(folder, "docs"), { recursive: true });
    writeFileSync(join(folder, "docs/keys.md"), "# Keys\n\nRotate the signing key every ninety days.\n");
    writeFileSync(join(folder, "docs/backup.txt"), "Backups are taken at midnight.\n");
    cpSync(join(root, "samples/tools/openapi.json"), join(folder, "openapi.json"));
    const { stderr } = await run(process.execPath, [join(project, "built", `${fileOf(block)}.js`)], {
      cwd: folder,
    });
    expect(stderr).toBe("");
  });
});

describe("command lines", () => {
  const inline = documents.flatMap(({ name, text }) =>
    [...text.matchAll(/`(retrieve [a-z][^`\n]*)`/g)].map(([, line = ""]) => ({ name, line })),
  );
  const typed = blocksIn("(?:sh|bash|console)").flatMap(({ place, code }) =>
    code
      .replaceAll("\\\n", " ")
      .split(/\n|&&|;|\|/)
      .map((line) => line.trim().replace(/^(?:\$ )?(?:npx )?(?=retrieve )/, ""))
      .filter((line) => line.startsWith("retrieve "))
      .map((line) => ({ name: place, line })),
  );
  const all = [...inline, ...typed];

  it("are found", () => {
    expect(all).not.toEqual([]);
  });

  it.each(all.map(({ name, line }) => [name, line]))("%s: %s", async (_name, line) => {
    const words = line
      .replace(/\s#.*$/, "")
      .split(/\s+/)
      .slice(1);
    const path = /^(?:eval|models)$/.test(words[0] ?? "") ? words.slice(0, 2) : words.slice(0, 1);
    const { code, stdout } = await retrieveHere([...path, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: retrieve ${path.join(" ")}`);
    for (const [flag] of line.matchAll(/(?<=\s)--[a-z][\w-]*/g))
      expect(stdout).toMatch(new RegExp(`${flag}\\b`));
  });
});

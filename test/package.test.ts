/** The package as its users get it: packed, installed in an empty folder, every door opened, the demo run. */

import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "..");
/** The line that the README gives, with the tarball for the name. */
const install = ["install", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"];

const registry = await run("npm", ["view", "string-width", "version"], { timeout: 30_000 }).then(
  () => true,
  () => false,
);
if (!registry) console.log("package test skipped: no package registry can be reached");

it("installs of llama.cpp's binaries no more than one machine without a GPU needs", async () => {
  const folder = join(root, "node_modules/@node-llama-cpp");
  const others = (await readdir(folder)).filter((name) => name !== `${process.platform}-${process.arch}`);
  const names = others.map(async (name) => {
    return JSON.parse(await readFile(join(folder, name, "package.json"), "utf8")).name;
  });
  expect(new Set(await Promise.all(names))).toEqual(new Set(["empty-npm-package"]));
});

describe.runIf(registry)("the packed package", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "retrieve-package-"));
    await run("npm", ["pack", "--pack-destination", folder], { cwd: root });
    const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
    await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
    await run("npm", [...install, `./${tarball}`], { cwd: folder });
  }, 600_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("opens every subpath without a word on stderr", async () => {
    const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const doors = Object.keys(exports).filter((path) => !path.endsWith(".json"));
    expect(doors.length).toBeGreaterThan(8);
    const names = doors.map((path) => `retrieve-anything${path.slice(1)}`);
    const script = `for (const name of ${JSON.stringify(names)}) console.log(Object.keys(await import(name)).length > 0)`;
    const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", script], {
      cwd: folder,
    });
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toEqual(doors.map(() => "true"));
  });

  it("runs the demo", async () => {
    const { stdout, stderr } = await run(join(folder, "node_modules/.bin/retrieve"), ["demo", "--json"], {
      cwd: folder,
    });
    expect(stderr).toBe("");
    expect(Object.keys(JSON.parse(stdout).kinds)).toEqual(["knowledge", "memory", "examples", "tools"]);
  }, 120_000);
});

import { lstat, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  formatJsonLine,
  RetrieveError,
  readBytes,
  readJsonLines,
  readText,
  writeFileAtomic,
} from "#src/std/index.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retrieve-std-"));
});
afterAll(() => rm(folder, { recursive: true }));

it("writes a file whole, making its folder, and leaves no temporary file", async () => {
  const path = join(folder, "new", "a.txt");
  await writeFileAtomic(path, ["one ", "two"]);
  expect(await readFile(path, "utf8")).toBe("one two");
  expect(await readdir(join(folder, "new"))).toEqual(["a.txt"]);
});

it("reads bytes, and what is not there is named", async () => {
  const path = join(folder, "bytes");
  await writeFile(path, Uint8Array.of(0, 255, 7));
  expect(await readBytes(path)).toEqual(Uint8Array.of(0, 255, 7));
  await writeFile(path, "");
  expect(await readBytes(path)).toEqual(new Uint8Array(0));
  await expect(readBytes(join(folder, "none"))).rejects.toMatchObject({ code: "not_found" });
});

const roomy = freemem() > 6 * 2 ** 30;
it.runIf(roomy)(
  "reads bytes beyond the 2 GiB at which Node's own reading ends, given 6 GiB of memory",
  async () => {
    const path = join(folder, "large");
    const file = await open(path, "w"); // sparse: it takes no room on the disk
    await file.write(Uint8Array.of(1, 2), 0, 2, 2 ** 31);
    await file.close();
    const bytes = await readBytes(path);
    expect([...bytes.subarray(2 ** 31 - 1)]).toEqual([0, 1, 2]);
    await rm(path);
  },
  60_000,
);

it("keeps the old content when the new one fails half-way", async () => {
  const path = join(folder, "kept.txt");
  await writeFileAtomic(path, "old");
  async function* failing(): AsyncGenerator<string> {
    yield "half";
    throw new Error("source broke");
  }
  await expect(writeFileAtomic(path, failing())).rejects.toThrow("source broke");
  expect(await readFile(path, "utf8")).toBe("old");
  expect((await readdir(folder)).filter((name) => name.includes(".tmp"))).toEqual([]);
});

it("replaces what a link points to and refuses a device", async () => {
  const [path, link] = [join(folder, "linked.txt"), join(folder, "link")];
  await writeFile(path, "old");
  await symlink(path, link);
  await writeFileAtomic(link, "new");
  expect(await readFile(path, "utf8")).toBe("new");
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  await expect(writeFileAtomic("/dev/null", "lost")).rejects.toThrow("/dev/null: is no file");
  expect((await lstat("/dev/null")).isCharacterDevice()).toBe(true);
});

it("names the path of a missing file", async () => {
  const missing = join(folder, "nowhere.txt");
  const failure = await readText(missing).catch((error: unknown) => error);
  expect(RetrieveError.isInstance(failure) && failure.code).toBe("not_found");
  expect(String(failure)).toContain(missing);
});

it("names file and line of broken JSON, and skips empty lines", async () => {
  const path = join(folder, "rows.jsonl");
  await writeFile(path, `${formatJsonLine({ a: 1 })}\n{"b": \n`);
  const read: unknown[] = [];
  const reading = async (): Promise<void> => {
    for await (const { value } of readJsonLines(path)) read.push(value);
  };
  await expect(reading()).rejects.toThrow(`${path}:3: not valid JSON`);
  expect(read).toEqual([{ a: 1 }]);
});

it("refuses a missing JSON Lines file with its path", async () => {
  const reading = async (): Promise<void> => {
    for await (const _ of readJsonLines(join(folder, "none.jsonl")));
  };
  await expect(reading()).rejects.toThrow("none.jsonl: no such file or folder");
});

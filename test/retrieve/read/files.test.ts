/** Folders walked in one order, and what is read from them. */

import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FoundFile, listFiles, readSources, type SourceItem } from "#src/retrieve/index.js";
import { collect } from "./collect.js";

const documents = join(import.meta.dirname, "../../golden/documents");

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "files-"));
  for (const name of ["b", "b/deep", ".hidden", ".retrieve", "node_modules/x"]) {
    await mkdir(join(folder, name), { recursive: true });
  }
  for (const name of ["a.txt", "B.txt", "é.txt", "b/2.txt", "b/10.txt", "b/deep/z.txt", ".env"]) {
    await writeFile(join(folder, name), name);
  }
  for (const name of [".hidden/h.txt", ".retrieve/r.txt", "node_modules/x/n.txt"]) {
    await writeFile(join(folder, name), name);
  }
  await symlink("..", join(folder, "b/up"));
  await symlink("a.txt", join(folder, "same.txt"));
  await symlink("nowhere", join(folder, "broken.txt"));
});
afterAll(() => rm(folder, { recursive: true }));

async function list(sources: string[], notices: string[] = []): Promise<FoundFile[]> {
  const onNotice = (notice: string): void => void notices.push(notice);
  return collect(
    listFiles(
      sources.map((name) => join(folder, name)),
      { onNotice },
    ),
  );
}
const namesOf = (files: FoundFile[]): string[] => files.map(({ path }) => path.slice(folder.length + 1));

describe("listFiles", () => {
  it("walks in code unit order, without hidden folders and packages; links once, loops end", async () => {
    const notices: string[] = [];
    const files = await list(["."], notices);
    expect(namesOf(files)).toEqual(["B.txt", "a.txt", "b/10.txt", "b/2.txt", "b/deep/z.txt", "é.txt"]);
    expect(files.every(({ origin, named }) => origin === folder && !named)).toBe(true);
    expect(notices).toEqual([`${join(folder, "broken.txt")}: a link that leads nowhere, skipped`]);
  });

  it("takes files as named, hidden ones too, and each once", async () => {
    const files = await list([".env", "b/deep", "b/deep/z.txt", "same.txt", "a.txt"]);
    expect(namesOf(files)).toEqual([".env", "b/deep/z.txt", "same.txt"]);
    expect(files.map(({ named }) => named)).toEqual([true, false, true]);
  });

  it("names what is not there", async () => {
    await expect(list(["a.txt", "none"])).rejects.toMatchObject({ code: "not_found" });
    await expect(list(["broken.txt"])).rejects.toThrow(/broken\.txt: no such file/);
  });
});

describe("readSources", () => {
  const read = (sources: string[], notices: string[] = []): Promise<SourceItem[]> =>
    collect(readSources(sources, { onNotice: (notice) => void notices.push(notice) }));

  it("reads a folder of every format, and tells what it skips", async () => {
    const notices: string[] = [];
    const items = await read([documents], notices);
    const titles = items.map((item) => (item.kind === "document" ? item.document.title : item.passage.id));
    expect(titles.map((title) => (/^[0-9a-f]{16}$/.test(title) ? "by content" : title))).toEqual([
      "Sourdough & you",
      "A history of clocks",
      "d1",
      "d2",
      "7",
      "by content",
      "The garden book",
      "latin1",
      "make_documents.py",
      "Tide tables",
      "utf16",
    ]);
    expect(notices.map((notice) => notice.replace(documents, ""))).toEqual([
      expect.stringMatching(/^skipped \/latin1\.txt:2: not UTF-8/),
      expect.stringMatching(/^skipped \/picture\.bin: a binary file/),
      expect.stringMatching(/^skipped \/scan\.pdf: no text/),
    ]);
  });

  it("does not skip a file that is named", async () => {
    await expect(read([join(documents, "picture.bin")])).rejects.toMatchObject({ code: "unsupported" });
  });

  it("stops at broken records, in folders too", async () => {
    const place = join(folder, "records");
    await mkdir(place);
    await cp(join(documents, "garden.md"), join(place, "a.md"));
    await writeFile(join(place, "b.jsonl"), '{"text":"fine"}\n{"text":');
    await expect(read([place])).rejects.toThrow(/b\.jsonl:2: not valid JSON/);
  });
});

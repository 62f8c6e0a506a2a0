/** Small data in the layouts of benchmarks, written by the tests themselves. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach } from "vitest";

/** Writes files of JSON Lines (lists) or of text (strings) into a temporary folder that the test's end removes. */
export function folderWith(files: Readonly<Record<string, readonly unknown[] | string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "benchmark-"));
  made.push(folder);
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    const text =
      typeof content === "string" ? content : content.map((row) => `${JSON.stringify(row)}\n`).join("");
    writeFileSync(path, text);
  }
  return folder;
}

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

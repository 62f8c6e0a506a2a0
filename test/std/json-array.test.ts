/** Arrays of any items come out as JSON.parse has them, wherever the file is cut into reads. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { readJsonArray } from "#src/std/index.js";

const folder = mkdtempSync(join(tmpdir(), "json-array-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "items.json");

async function read(text: string): Promise<unknown[]> {
  writeFileSync(path, text);
  const items: unknown[] = [];
  for await (const { value } of readJsonArray(path)) items.push(value);
  return items;
}

it("gives the items of any array, compact or spread over lines", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue()), fc.constantFrom(0, 2), async (items, indent) => {
      const text = JSON.stringify(items, null, indent);
      expect(await read(text)).toEqual(JSON.parse(text));
    }),
  );
});

it("joins items that are longer than a read of the file", async () => {
  const long = 'é"\\,]}[{\u{1f375}'.repeat(20_000);
  const items = [{ long }, long, [[long], "x"]];
  expect(await read(JSON.stringify(items))).toEqual(items);
});

it.each([
  ["", []],
  ["[]", []],
  [" [ ] \n", []],
])("finds nothing in %j", async (text, items) => {
  expect(await read(text)).toEqual(items);
});

it.each([
  ["[1, 2", /ends before its JSON array does/],
  ['["a', /ends before its JSON array does/],
  ["[1] 2", /is no JSON array/],
  ["1", /is no JSON array/],
  ["[1, x]", /item 2: not valid JSON/],
])("says what is wrong with %j", async (text, message) => {
  await expect(read(text)).rejects.toThrow(message);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scanLines } from "#src/std/index.js";

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function scan(text: string, size: number) {
  const lines = [];
  for await (const { bytes, start, ended } of scanLines(chunksOf(Buffer.from(text), size))) {
    lines.push({ text: bytes.toString(), start, ended });
  }
  return lines;
}

describe("scanLines", () => {
  it("gives each line with its first byte, and whether the last one is whole", async () => {
    expect(await scan("ab\n\nçd\ne", 3)).toEqual([
      { text: "ab", start: 0, ended: true },
      { text: "", start: 3, ended: true },
      { text: "çd", start: 4, ended: true },
      { text: "e", start: 8, ended: false },
    ]);
  });

  it("does not depend on where chunks end", async () => {
    const text = fc.array(fc.constantFrom("a", "ß", "語", "\n", "\r\n"), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), async (parts, size) => {
        const whole = parts.join("");
        const lines = await scan(whole, size);
        expect(lines.map(({ text, ended }) => text + (ended ? "\n" : "")).join("")).toBe(whole);
        expect(lines.filter(({ ended }) => !ended).length).toBe(whole === "" || whole.endsWith("\n") ? 0 : 1);
        for (const { text, start } of lines) {
          expect(Buffer.from(whole).toString("utf8", start).startsWith(text)).toBe(true);
        }
      }),
    );
  });
});

/** Every format from a real file (test/golden/documents, made by make_documents.py there), and every fault. */

import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chunkDocument, contentHash, formatOf, placeOf, readDocument } from "#src/retrieve/index.js";
import { loadPeer } from "#src/std/index.js";
import { words } from "../chunk/counters.js";

const documents = join(import.meta.dirname, "../../golden/documents");
const golden = (name: string): string => join(documents, name);

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "read-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe("readDocument", () => {
  it("reads HTML: headings, lists, tables and code stay, links, menus and scripts go", async () => {
    const { title, text, format } = await readDocument(golden("bread.html"));
    expect({ title, format }).toEqual({ title: "Sourdough & you", format: "html" });
    expect(text).toBe(
      [
        "# Sourdough\n",
        "Flour, water, salt. See the flour guide.\nThat is all.\n",
        "## Proving times\n",
        "- Warm: four hours\n- Cold: a night\n",
        "| Oven | Minutes |\n| --- | --- |\n| 250 °C | 20 |\n",
        "```\nbake(\n  loaf)\n```\n",
        "Crumb\nThe inside.",
      ].join("\n"),
    );
  });

  it("reads a table that only arranges the page as its cells", async () => {
    const path = await written(
      "page.html",
      "<table><tr><td><h2>One</h2><p>a</p></td><td>b</td></tr></table>",
    );
    expect((await readDocument(path)).text).toBe("## One\n\na\n\nb");
  });

  it("reads docx: styles as headings, tables, title", async () => {
    const { title, text } = await readDocument(golden("tides.docx"));
    expect(title).toBe("Tide tables");
    expect(text).toBe(
      [
        "# Tide tables\n",
        "The sea rises twice a day.\n",
        "## Spring tides\n",
        "They come at new and full moon.\n",
        "| Port | Range |\n| --- | --- |\n| Saint-Malo | 12 m |",
      ].join("\n"),
    );
  });

  it("reads PDF: title, pages, words joined over line ends", async () => {
    const document = await readDocument(golden("clocks.pdf"));
    expect(document.title).toBe("A history of clocks");
    const [first = 0, second = 0, ...more] = document.pages ?? [];
    expect(more).toEqual([]);
    expect(document.text.slice(first, second).trim()).toBe(
      "Water clocks drip. The Greeks improved them with gears.",
    );
    expect(document.text.slice(second).trim()).toBe("Pendulums swing.\nQuartz oscillates.");
  });

  it("reads Markdown with the title of its front matter, else of its first heading, else its name", async () => {
    expect((await readDocument(golden("garden.md"))).title).toBe("The garden book");
    expect((await readDocument(await written("a.md", "Intro\n\n# Soil #\n"))).title).toBe("Soil");
    expect((await readDocument(await written("b.md", "## Only a part\n"))).title).toBe("b");
  });

  it("reads text in UTF-8 and UTF-16, marks dropped, lines ended alike, and HTML as it declares itself", async () => {
    expect((await readDocument(golden("utf16.txt"))).text).toBe("Zwölf Boxkämpfer\njagen");
    expect((await readDocument(await written("mark.txt", "\ufeffa\r\nb\rc"))).text).toBe("a\nb\nc");
    expect((await readDocument(golden("latin1.html"))).text).toBe("Zwölf");
  });

  it("reads source code and names it in full; an unknown name is read as the text it is", async () => {
    const code = await readDocument(golden("make_documents.py"));
    expect({ title: code.title, format: code.format }).toEqual({
      title: "make_documents.py",
      format: "code",
    });
    const unknown = await readDocument(await written("LICENSE", "Free.\n"));
    expect({ title: unknown.title, format: unknown.format }).toEqual({ title: "LICENSE", format: "text" });
  });

  it("hashes the bytes of the file", async () => {
    const bytes = await readFile(golden("clocks.pdf"));
    expect((await readDocument(golden("clocks.pdf"))).hash).toBe(
      createHash("sha256").update(bytes).digest("hex"),
    );
    expect(contentHash("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); // FIPS 180-2
  });

  it("cites the line or the page of a chunk", async () => {
    const cite = async (name: string, maxTokens: number): Promise<string[]> => {
      const document = await readDocument(golden(name));
      const chunks = chunkDocument(document.text, words, { maxTokens });
      return chunks.map((chunk) => placeOf(document, chunk).slice(documents.length + 1));
    };
    expect(await cite("garden.md", 14)).toEqual(["garden.md:1", "garden.md:5"]);
    expect(await cite("clocks.pdf", 13)).toEqual(["clocks.pdf#page=1", "clocks.pdf#page=2"]);
    expect(new Set(await cite("tides.docx", 13))).toEqual(new Set(["tides.docx"]));
  });

  it("knows formats by name, whatever the case", () => {
    expect(["A.MD", "b.htm", "c.tsx", "d.jsonl", "e.yaml", "f", "g.xyz"].map(formatOf)).toEqual([
      "markdown",
      "html",
      "code",
      "records",
      "text",
      undefined,
      undefined,
    ]);
  });
});

describe("readDocument refuses", () => {
  const cases: [string, () => string | Promise<string>, string, RegExp][] = [
    ["what is not there", () => golden("none.txt"), "not_found", /none\.txt: no such file/],
    ["a folder", () => documents, "invalid_argument", /a file is wanted/],
    ["binary content", () => golden("picture.bin"), "unsupported", /picture\.bin: a binary file/],
    [
      "text that is not UTF-8",
      () => golden("latin1.txt"),
      "invalid_data",
      /latin1\.txt:2: not UTF-8; convert it/,
    ],
    ["a scan", () => golden("scan.pdf"), "unsupported", /scan\.pdf: no text on its 1 pages/],
    ["a broken PDF", () => written("broken.pdf", "%PDF-1.4 nothing"), "invalid_data", /not a readable PDF/],
    ["a broken docx", () => written("broken.docx", "no archive"), "invalid_data", /not a readable docx/],
    ["JSON Lines", () => golden("corpus.jsonl"), "invalid_argument", /hold records/],
  ];
  it.each(cases)("%s", async (_, path, code, message) => {
    const failure = readDocument(await path());
    await expect(failure).rejects.toMatchObject({ code });
    await expect(failure).rejects.toThrow(message);
  });

  it("a file above the limit", async () => {
    const path = await written("large.txt", "12345");
    await expect(readDocument(path, { maxBytes: 4 })).rejects.toThrow(
      /large\.txt: 5 bytes, more than the limit of 4/,
    );
    expect((await readDocument(path, { maxBytes: 5 })).text).toBe("12345");
  });

  it("to go on without a package, and names it with its install line", async () => {
    const name = "package-that-nobody-installed";
    const failure = loadPeer(name, "a.pdf: reading PDF", () => import(name));
    await expect(failure).rejects.toMatchObject({
      code: "missing_package",
      message: `a.pdf: reading PDF needs the package ${name}, which is not installed; run: npm install ${name}`,
    });
  });
});

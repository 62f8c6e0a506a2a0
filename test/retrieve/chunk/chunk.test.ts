/** Cuts that can be checked by eye. */

import { describe, expect, it } from "vitest";
import { chunkByTokens, chunkCode, chunkDocument, pairTurns, sentences } from "#src/retrieve/index.js";
import { words } from "./counters.js";

describe("sentences", () => {
  const texts = (text: string): string[] => sentences(text).map((sentence) => sentence.text);

  it("cuts in any script", () => {
    expect(texts("It rains. Does it? Yes!")).toEqual(["It rains.", "Does it?", "Yes!"]);
    expect(texts("今天天气很好。我们去公园吧!好的。")).toEqual(["今天天气很好。", "我们去公园吧!", "好的。"]);
    expect(texts("これは文です。次の文です。")).toEqual(["これは文です。", "次の文です。"]);
    expect(texts("هل تمطر؟ نعم.")).toEqual(["هل تمطر؟", "نعم."]);
  });

  it("reads on over a line break, not over a blank line or into a list item", () => {
    expect(texts("A line that\r\ngoes on. Two.\n\nThree\n- four\n- five\n2. six")).toEqual([
      "A line that\r\ngoes on.",
      "Two.",
      "Three",
      "- four",
      "- five",
      "2. six",
    ]);
  });

  it("does not stop at titles and initials", () => {
    expect(texts("Dr. J. Smith met Mrs. Lee, e.g. Anna. They spoke.")).toEqual([
      "Dr. J. Smith met Mrs. Lee, e.g. Anna.",
      "They spoke.",
    ]);
  });
});

describe("chunkByTokens", () => {
  it("cuts at white space and keeps it", () => {
    expect(chunkByTokens("one two three\nfour five", words, 2).map(({ text, line }) => [text, line])).toEqual(
      [
        ["one two ", 1],
        ["three\nfour ", 1],
        ["five", 2],
      ],
    );
  });

  it("cuts inside a word only where the word alone is too long", () => {
    expect(chunkByTokens("a,b,c d", words, 2).map(({ text }) => text)).toEqual(["a,", "b,", "c d"]);
  });

  it("takes 128 tokens by default and nothing from space", () => {
    expect(chunkByTokens("word ".repeat(300), words).map(({ text }) => words.count(text))).toEqual([
      128, 128, 44,
    ]);
    expect(chunkByTokens(" \n ", words)).toEqual([]);
    expect(() => chunkByTokens("a", words, 0)).toThrow("size: got 0, wanted a whole number of at least 1");
  });
});

describe("chunkDocument", () => {
  const guide = [
    "---",
    "title: Guide",
    "---",
    "Preamble.",
    "",
    "# Guide",
    "",
    "## Install",
    "Run it. Wait a little while.",
    "",
    "```sh",
    "# not a heading",
    "npm i x",
    "```",
    "Use",
    "---",
    "Call it.",
    "",
    "# Other",
    "Last words.",
  ].join("\n");
  const cut = (text: string, maxTokens: number, overlap = 0) =>
    chunkDocument(text, words, { maxTokens, overlap }).map((chunk) => [
      chunk.heading,
      chunk.line,
      chunk.text,
    ]);

  it("follows headings, carries their path, and knows fences from headings", () => {
    expect(cut(guide, 100)).toEqual([
      [undefined, 1, "---\ntitle: Guide\n---\nPreamble."],
      [
        "Guide > Install",
        6,
        "# Guide\n\n## Install\nRun it. Wait a little while.\n\n```sh\n# not a heading\nnpm i x\n```\nUse\n---\nCall it.",
      ],
      ["Other", 19, "# Other\nLast words."],
    ]);
  });

  it("keeps front matter with the section that follows it", () => {
    expect(cut("---\ntitle: x\n---\n\n# Top\n\n## Sub\nText.", 100)).toEqual([
      ["Top > Sub", 1, "---\ntitle: x\n---\n\n# Top\n\n## Sub\nText."],
    ]);
  });

  it("takes an underlined line as a heading where it is a paragraph of its own", () => {
    expect(cut("Title\n=====\nText.\n\nPart\n---\nMore.", 100)).toEqual([
      ["Title", 1, "Title\n=====\nText."],
      ["Title > Part", 5, "Part\n---\nMore."],
    ]);
  });

  it("packs whole sentences and repeats them where asked", () => {
    const text = "A b c. D e f. G h i. J k l.";
    expect(cut(text, 8)).toEqual([
      [undefined, 1, "A b c. D e f."],
      [undefined, 1, "G h i. J k l."],
    ]);
    expect(cut(text, 8, 4)).toEqual([
      [undefined, 1, "A b c. D e f."],
      [undefined, 1, "D e f. G h i."],
      [undefined, 1, "G h i. J k l."],
    ]);
  });

  it("counts the heading path within the limit and never leaves a heading alone", () => {
    // "Top" takes one of nine tokens, the heading line two more: six are left for the first words of the section.
    expect(cut("# Top\none two three four five six seven eight nine", 9)).toEqual([
      ["Top", 1, "# Top\none two three four five six"],
      ["Top", 2, "seven eight nine"],
    ]);
  });

  it("keeps a table whole where it fits, else cuts it at lines", () => {
    const table = "| a | b |\n|---|---|\n| c | d |";
    expect(cut(`Some words here.\n\n${table}`, 20).map((chunk) => chunk[2])).toEqual([
      "Some words here.",
      table,
    ]);
    expect(cut(table, 13).map((chunk) => chunk[2])).toEqual(["| a | b |", "|---|---|", "| c | d |"]);
  });

  it("refuses limits that cannot hold", () => {
    expect(() => cut("a", 0)).toThrow("maxTokens: got 0");
    expect(() => cut("a", 4, 4)).toThrow("overlap: got 4, wanted less than maxTokens, 4");
  });
});

describe("chunkCode", () => {
  const code = [
    "import x",
    "",
    "def f():",
    "    a = 1",
    "",
    "    return a",
    "",
    "def g():",
    "    return 2",
    "",
  ].join("\n");
  const cut = (maxTokens: number) =>
    chunkCode(code, words, { maxTokens }).map(({ text, line }) => [line, text]);

  it("keeps definitions whole with their blank lines", () => {
    expect(cut(18)).toEqual([
      [1, "import x\n\ndef f():\n    a = 1\n\n    return a"],
      [8, "def g():\n    return 2"],
    ]);
  });

  it("begins a definition that is too large in a chunk of its own, cut at its blank lines", () => {
    expect(cut(9)).toEqual([
      [1, "import x"],
      [3, "def f():\n    a = 1"],
      [6, "    return a"],
      [8, "def g():\n    return 2"],
    ]);
  });
});

describe("pairTurns", () => {
  const turn = (role: string, text: string) => ({ role, text });

  it("pairs an utterance with its reply", () => {
    expect(pairTurns([turn("Emi", "Hi"), turn("Elise", "Hello"), turn("Emi", "Bye")])).toEqual([
      { text: "Emi: Hi\nElise: Hello", start: 0, end: 2 },
      { text: "Emi: Bye", start: 2, end: 3 },
    ]);
  });

  it("lets a turn stand alone that the same speaker follows", () => {
    const turns = [
      turn("user", "One"),
      turn("user", "Two"),
      turn("assistant", "Three"),
      turn("assistant", "Four"),
    ];
    expect(pairTurns(turns).map(({ start, end }) => [start, end])).toEqual([
      [0, 1],
      [1, 3],
      [3, 4],
    ]);
    expect(pairTurns([])).toEqual([]);
  });
});

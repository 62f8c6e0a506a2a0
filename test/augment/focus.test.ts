import { describe, expect, it } from "vitest";
import { focusPassages } from "#src/augment/focus.js";
import { keywordEncoder } from "../support/keyword-encoder.ts";

const piece = (id: string, text: string) => ({ id, score: 1, title: "", source: id, text });

describe("focusPassages", () => {
  it("keeps the sentences that share words with the question, and marks what it leaves out", async () => {
    const passages = [
      piece(
        "a",
        "The keeper lives upstairs. Rotate the signing key every ninety days. Tea is at four. Bread too.",
      ),
      piece("b", "Nothing here matters. Neither does this."),
      piece("c", "One sentence only."),
    ];
    const focused = await focusPassages(passages, "rotate signing key", keywordEncoder());
    expect(focused.map(({ text }) => text)).toEqual([
      "… Rotate the signing key every ninety days. …",
      "Nothing here matters. Neither does this.",
      "One sentence only.",
    ]);
  });

  it("keeps all where all is alike", async () => {
    const text = "Keys rotate daily. Keys rotate weekly.";
    const [focused] = await focusPassages([piece("a", text)], "keys rotate", keywordEncoder());
    expect(focused?.text).toBe(text);
  });
});

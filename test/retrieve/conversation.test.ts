import { describe, expect, it } from "vitest";
import { conversationQuery } from "#src/retrieve/index.js";

describe("conversationQuery", () => {
  it.each(["dense", "bm25", "hybrid"] as const)(
    "is the message itself where nothing was said before: %s",
    (method) => {
      expect(conversationQuery([], "Who keeps the light?", method)).toEqual({
        text: "Who keeps the light?",
        lexical: [{ text: "Who keeps the light?", weight: 1 }],
      });
    },
  );

  it("gives the encoder the last message first, then the newest turns", () => {
    expect(conversationQuery(["oldest", "older", "newest"], "last").text).toBe("last newest older");
  });

  it("gives the encoder the beginning of a long answer, cut between words", () => {
    const answer = "word ".repeat(100);
    expect(conversationQuery([answer], "why?").text).toBe(`why? ${"word ".repeat(20).trim()}`);
    expect(conversationQuery(["\u4e2d".repeat(300)], "why?").text).toBe(`why? ${"\u4e2d".repeat(100)}`);
  });

  it("lets earlier turns weigh less for BM25 the older they are, together less than the last message", () => {
    const { lexical = [] } = conversationQuery(["oldest", "older", "newest"], "last", "bm25");
    expect(lexical.map(({ text }) => text)).toEqual(["last", "newest", "older", "oldest"]);
    const weights = lexical.map(({ weight }) => weight);
    expect(weights[0]).toBe(1);
    expect(weights).toEqual([...new Set(weights)].sort((left, right) => right - left));
    expect(weights.slice(1).reduce((sum, weight) => sum + weight, 0)).toBeLessThan(1);
  });

  it("lets BM25 read the last message alone in a hybrid search", () => {
    expect(conversationQuery(["before"], "last", "hybrid").lexical).toEqual([{ text: "last", weight: 1 }]);
  });

  it("passes over empty turns, and of a long chat reads only what can matter", () => {
    const long = Array<string>(300).fill("a turn").concat(" ");
    const { text, lexical = [] } = conversationQuery(long, "last", "bm25");
    expect(text).toBe("last a turn a turn");
    expect(lexical.length).toBeLessThan(20);
    expect(lexical.every((part) => part.text.trim() !== "")).toBe(true);
  });

  it("leaves the history as it was", () => {
    const history = Object.freeze(["first", "second"]);
    expect(conversationQuery(history, "last").text).toBe("last second first");
    expect(history).toEqual(["first", "second"]);
  });
});

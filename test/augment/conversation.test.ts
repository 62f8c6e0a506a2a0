import { describe, expect, it } from "vitest";
import { conversationQuery } from "#src/augment/index.js";

describe("conversationQuery", () => {
  it("is the message itself where nothing was said before", () => {
    expect(conversationQuery([], "Who keeps the light?")).toEqual({
      text: "Who keeps the light?",
      lexical: [{ text: "Who keeps the light?", weight: 1 }],
    });
  });

  it("lets earlier turns weigh less the older they are", () => {
    const { lexical = [] } = conversationQuery(["oldest", "older", "newest"], "last");
    expect(lexical.map(({ text }) => text)).toEqual(["last", "newest", "older", "oldest"]);
    const weights = lexical.map(({ weight }) => weight);
    expect(weights).toEqual([...weights].sort((left, right) => right - left));
    expect(new Set(weights).size).toBe(4);
    // All earlier turns together never outweigh the message that is to be answered.
    expect(weights.slice(1).reduce((sum, weight) => sum + weight, 0)).toBeLessThan(1);
  });

  it("reads no empty turns, and of a long chat only the turns that can matter", () => {
    const { lexical = [] } = conversationQuery(Array<string>(300).fill("a turn").concat(" "), "last");
    expect(lexical.length).toBeLessThan(20);
    expect(lexical.every(({ text }) => text.trim() !== "")).toBe(true);
  });

  it("leaves the history as it was", () => {
    const history = Object.freeze(["first", "second"]);
    expect(() => conversationQuery(history, "last")).not.toThrow();
  });
});

import { describe, expect, it } from "vitest";
import { analyseStemmed, createBm25 } from "#src/retrieve/index.js";

describe("analyseStemmed", () => {
  // Examples of the algorithm's own paper (Porter, Program 14(3), 1980).
  it.each([
    ["caresses ponies caress cats", "caress poni caress cat"],
    ["agreed plastered motoring hopping falling", "agre plaster motor hop fall"],
    ["relational conditional digitizer operator feudalism", "relat condit digit oper feudal"],
    ["triplicate electrical hopeful goodness", "triplic electr hope good"],
  ])("stems %s", (text, stems) => {
    expect(analyseStemmed(text).join(" ")).toBe(stems);
  });

  it("leaves stop words out, and other scripts and identifiers as they are", () => {
    expect(analyseStemmed("the cats and THE dogs of v2")).toEqual(["cat", "dog", "v2"]);
    expect(analyseStemmed("战国")).toEqual(["战国"]);
  });

  it("makes BM25 find another form of the word", () => {
    const found = (terms?: (text: string) => string[]): number => {
      const index = createBm25(terms ? { terms } : {});
      index.add("a", "two sleeping dogs");
      return index.score([{ text: "a dog sleeps", weight: 1 }]).top(5).length;
    };
    expect([found(), found(analyseStemmed)]).toEqual([0, 1]);
  });
});

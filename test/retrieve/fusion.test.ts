import { describe, expect, it } from "vitest";
import { fuseRanks, fuseScores } from "#src/retrieve/index.js";

describe("fuseRanks", () => {
  it("sums reciprocal ranks", () => {
    const fused = fuseRanks([
      [{ id: "a" }, { id: "b" }],
      [{ id: "b" }, { id: "c" }],
    ]);
    // b: 1/62 + 1/61; a: 1/61; c: 1/62
    expect(fused.map(({ id }) => id)).toEqual(["b", "a", "c"]);
    expect(fused.map(({ score }) => score)).toEqual([1 / 62 + 1 / 61, 1 / 61, 1 / 62]);
  });

  it("takes k and weights", () => {
    const fused = fuseRanks([[{ id: "a" }], [{ id: "b" }]], { k: 9, weights: [1, 3] });
    expect(fused).toEqual([
      { id: "b", score: 0.3 },
      { id: "a", score: 0.1 },
    ]);
  });
});

describe("fuseScores", () => {
  const candidates = [
    { id: "dense", cosine: 0.8, share: 0 },
    { id: "lexical", cosine: 0.1, share: 0.6 },
    { id: "both", cosine: 0.6, share: 0.4 },
  ];
  const order = (unknownShare: number) => fuseScores(candidates, unknownShare).map(({ id }) => id);

  it("ranks what both find first", () => {
    // 0.6 + 0.4; 0.8 + 0; 0.1 + 0.6
    expect(order(0)).toEqual(["both", "dense", "lexical"]);
    expect(fuseScores(candidates, 0)[0]?.score).toBeCloseTo(1, 12);
  });

  it("leaves the question to BM25 where the encoder does not know its words", () => {
    expect(order(0.5)).toEqual(["lexical", "both", "dense"]);
    expect(order(1)).toEqual(["lexical", "both", "dense"]);
    expect(fuseScores(candidates, 0.25).find(({ id }) => id === "dense")?.score).toBeCloseTo(0.4, 12);
  });
});

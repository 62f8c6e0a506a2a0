import { describe, expect, it } from "vitest";
import { drawPlaces } from "#src/dataset/draw.js";
import { createExclusion } from "#src/dataset/exclusion.js";

const places = Array.from({ length: 20 }, (_, place) => place);

describe("drawPlaces", () => {
  it("gives every place once, in an order that seed and row decide", () => {
    const order = [...drawPlaces(20, 1, 5)];
    expect(order.toSorted((left, right) => left - right)).toEqual(places);
    expect([...drawPlaces(20, 1, 5)]).toEqual(order);
    expect([...drawPlaces(20, 1, 6)]).not.toEqual(order);
    expect([...drawPlaces(20, 2, 5)]).not.toEqual(order);
    expect([...drawPlaces(0, 1, 1)]).toEqual([]);
  });

  it("draws each place first about equally often", () => {
    const counts = places.map(() => 0);
    for (let row = 0; row < 4000; row++) {
      const first = drawPlaces(20, 3, row).next().value ?? 0;
      counts[first] = (counts[first] ?? 0) + 1;
    }
    // 200 expected; 5 standard deviations of a binomial are 69.
    for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(69);
  });
});

describe("createExclusion", () => {
  it("takes a text once, whatever its case, punctuation and spacing", () => {
    const exclusion = createExclusion(["The light is kept by Ada."]);
    expect(exclusion.take("the LIGHT is kept  by Ada")).toBe(false);
    expect(exclusion.take("The light is kept by Bo.")).toBe(true); // 5 of 7 words shared
    expect(exclusion.take("“The light is kept by Bo”")).toBe(false);
  });

  it("counts texts as one that differ in fewer than one word in ten", () => {
    const words = (count: number): string => Array.from({ length: count }, (_, at) => `w${at}`).join(" ");
    const exclusion = createExclusion([words(20)]);
    expect(exclusion.take(`${words(20)} a b`)).toBe(false); // 20 of 22
    expect(exclusion.take(`${words(20)} a b c`)).toBe(true); // 20 of 23
  });

  it("takes no empty text, and compares texts without words as they are", () => {
    const exclusion = createExclusion(["?"]);
    expect(["", " \n", "?", "!", "! "].map(exclusion.take)).toEqual([false, false, false, true, false]);
  });
});

import { describe, expect, it } from "vitest";
import { formatNumber, htmlTable, markdownTable } from "#src/report/index.js";
import { parseXml } from "../support/well-formed.ts";

const rows = [
  ["set", "nDCG@10", "change"],
  ["squad", 0.71234, "+0.0210"],
  ["cmrc", 1, "–"],
];

describe("formatNumber", () => {
  it.each([
    [0, "0"],
    [-42, "-42"],
    [0.5, "0.5000"],
    [-1.23456, "-1.2346"],
    [0.00002, "0.00002"],
    [1.23456e-9, "1.235e-9"],
    [1.5e12, "1500000000000"],
    [3e20, "300000000000000000000"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
  ])("writes %s as %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});

describe("htmlTable", () => {
  it("puts columns of numbers to the right, and only those", () => {
    const { elements } = parseXml(htmlTable(rows));
    const cells = elements.filter(({ name }) => name === "td" || name === "th");
    expect(cells.map(({ attributes }) => attributes.get("class") ?? "")).toEqual(
      rows.flatMap(() => ["", "number", "number"]),
    );
  });

  it("escapes what stands in cells and fills short rows", () => {
    const hostile = `<img src=x onerror="alert(1)"> & 'so'`;
    const html = htmlTable([[hostile, "b"], [hostile]]);
    expect(html).not.toContain("<img");
    const { elements, texts } = parseXml(html);
    expect(texts.filter((text) => text === hostile)).toHaveLength(2);
    expect(elements.filter(({ name }) => name === "td")).toHaveLength(2);
  });

  it("takes a heading alone", () => {
    expect(
      parseXml(htmlTable([["a", "b"]]))
        .texts.join("")
        .trim(),
    ).toBe("ab");
  });
});

describe("markdownTable", () => {
  it("is aligned, with numbers to the right", () => {
    expect(markdownTable(rows)).toBe(
      [
        "| set   | nDCG@10 |  change |",
        "| ----- | ------: | ------: |",
        "| squad |  0.7123 | +0.0210 |",
        "| cmrc  |       1 |       – |",
      ].join("\n"),
    );
  });

  it("keeps a cell in its place whatever is in it", () => {
    const [, , row] = markdownTable([["a"], ["x | y\n\\| <b> & z"]]).split("\n");
    expect(row).toBe("| x \\| y \\\\\\| &lt;b> &amp; z |");
  });
});

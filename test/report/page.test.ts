import { describe, expect, it } from "vitest";
import { htmlPage, lineChart } from "#src/report/index.js";
import { parseXml } from "../support/well-formed.ts";

const hostile = `</title><script>alert("x")</script> & 'so' \u0007`;
const legible = `</title><script>alert("x")</script> & 'so' `;

describe("htmlPage", () => {
  it("is well-formed and shows every part, text escaped", async () => {
    const svg = await lineChart({
      title: hostile,
      x: { label: "x" },
      y: { label: "y" },
      series: [{ name: "a", points: [[0, 1]] }],
    });
    const page = htmlPage({
      title: hostile,
      sections: [
        { heading: hostile, text: `${hostile}\n\nsecond paragraph` },
        { svg },
        { heading: "Table", table: [[hostile], [1]] },
        { heading: "Own", html: "<ul><li>as it is</li></ul>" },
      ],
    });
    const { elements, texts } = parseXml(page);
    const names = elements.map(({ name }) => name);
    expect(names).not.toContain("script");
    expect(texts.filter((text) => text === legible).length).toBeGreaterThanOrEqual(4);
    expect(texts).toContain("second paragraph");
    expect(texts).toContain("as it is");
    for (const wanted of ["svg", "table", "ul"]) expect(names).toContain(wanted);
  });

  it("stands alone: no scripts, nothing from outside, and a policy that forbids both", () => {
    const page = htmlPage({ title: "Page", sections: [{ heading: "One", text: "text" }] });
    expect(page).toMatch(/^<!DOCTYPE html>\n<html lang="en"/);
    expect(page).not.toMatch(/<script|<link|src=|href=|url\(|@import/);
    const { elements } = parseXml(page);
    const policy = elements.find(
      ({ attributes }) => attributes.get("http-equiv") === "Content-Security-Policy",
    );
    expect(policy?.attributes.get("content")).toContain("default-src 'none'");
    expect(policy?.attributes.get("content")).not.toContain("script-src");
    const viewport = elements.find(({ attributes }) => attributes.get("name") === "viewport");
    expect(viewport?.attributes.get("content")).toContain("width=device-width");
  });

  it("folds a table away behind its words, and gives a wide chart the whole width", () => {
    const page = htmlPage({
      title: "Page",
      sections: [
        { table: [["a"], [1]], folded: hostile },
        { svg: "<svg/>", isWide: true },
        { heading: "Part", opensPart: true },
      ],
    });
    const { elements, texts } = parseXml(page);
    const names = elements.map(({ name }) => name);
    expect(names.slice(names.indexOf("details")).slice(0, 4)).toEqual(["details", "summary", "div", "table"]);
    expect(texts).toContain(legible);
    const classes = elements.map(({ attributes }) => attributes.get("class"));
    for (const name of ["fold", "wide-chart", "part"]) expect(classes).toContain(name);
    expect(classes).not.toContain("chart-section");
  });

  it("takes an empty page", () => {
    expect(parseXml(htmlPage({ title: "", sections: [] })).elements.map(({ name }) => name)).toContain(
      "main",
    );
  });
});

describe("the parser of these tests", () => {
  it.each([
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<a x=1/>",
    "<a x='<'/>",
    "<a>&nbsp;</a>",
    "<a>&</a>",
    "a",
    "<a>\u0000</a>",
  ])("refuses %s", (text) => {
    expect(() => parseXml(text)).toThrow();
  });
});

import { expect, it } from "vitest";
import { cut, paragraph, printable, table } from "#src/cli/layout.js";

it("lays out a table by display width, numbers to the right", () => {
  expect(
    table([
      ["name", "n"],
      ["日本", "12"],
      ["e\u0301", "7"],
    ]),
  ).toEqual(["name   n", "日本  12", "e\u0301      7"]);
});

it("puts a column to the right only where all of it are numbers", () => {
  expect(
    table([
      ["a", "b"],
      ["x", "1"],
      ["y", "many"],
    ]),
  ).toEqual(["a  b", "x  1", "y  many"]);
});

it("cuts by display width and never inside a character", () => {
  expect(cut("short", 5)).toBe("short");
  expect(cut("too long", 5)).toBe("too …");
  expect(cut("日本語", 5)).toBe("日本…");
  expect(cut("a👨‍👩‍👧b", 3)).toBe("a…");
  expect(cut("x".repeat(10_000), 20)).toBe(`${"x".repeat(19)}…`);
});

it("breaks a paragraph between words, and cuts its last line", () => {
  expect(paragraph("one two\n\nthree   four five", 8, 2)).toEqual(["one two", "three f…"]);
  expect(paragraph("Donaudampfschiff", 6, 3)).toEqual(["Donaud", "ampfsc", "hiff"]);
  expect(paragraph(" \n ", 10, 2)).toEqual([]);
});

it("takes control characters out of what was retrieved", () => {
  expect(printable("a\u001b[31mred\u0007\r\n\tb\u009b2J")).toBe("a[31mred\n\tb2J");
});

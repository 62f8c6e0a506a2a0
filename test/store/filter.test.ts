import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Filter, formatFilter, matches, parseFilter, type Scalar } from "#src/store/index.js";
import { anyKey, filters, scalar } from "./filters.ts";

const is = (field: string, value: Scalar): Filter => ({ field, op: "=", value });

function messageOf(text: string): string {
  try {
    parseFilter(text);
  } catch (error) {
    expect(error).toMatchObject({ name: "RetrieveError", code: "invalid_argument" });
    return (error as Error).message;
  }
  throw new Error(`${text} was accepted`);
}

describe("parseFilter", () => {
  it("reads what the language's description shows", () => {
    expect(parseFilter("year >= 2020 and (lang = 'en' or tags in ('a','b')) and not draft = true")).toEqual({
      and: [
        { field: "year", op: ">=", value: 2020 },
        { or: [is("lang", "en"), { field: "tags", in: ["a", "b"] }] },
        { not: is("draft", true) },
      ],
    });
  });

  it.each<[string, Filter]>([
    ["a = 1 or b = 2 and c = 3", { or: [is("a", 1), { and: [is("b", 2), is("c", 3)] }] }],
    ["not a = 1 and b = 2", { and: [{ not: is("a", 1) }, is("b", 2)] }],
    ["NOT (a = 1 OR b = 2)", { not: { or: [is("a", 1), is("b", 2)] } }],
    ["((a = 1))", is("a", 1)],
    ["a=-1.5e-3", is("a", -0.0015)],
    ["a = .5", is("a", 0.5)],
    ["a == 'x'", is("a", "x")],
    ["a <> 'it''s'", { field: "a", op: "!=", value: "it's" }],
    ["a = FALSE", is("a", false)],
    ["a not in (1, 'x', true)", { not: { field: "a", in: [1, "x", true] } }],
    ["a is null", { field: "a", exists: false }],
    ["a is not null", { field: "a", exists: true }],
    ["meta.year = 1", is("meta.year", 1)],
    ['"a key" = 1', is("a key", 1)],
    ['"say ""hi""" = 1', is('say "hi"', 1)],
    ["`and` = 1", is("and", 1)],
    ["größe = 1", is("größe", 1)],
    ["true", { and: [] }],
    ["false", { or: [] }],
  ])("%s", (text, filter) => {
    expect(parseFilter(text)).toEqual(filter);
  });

  it("says where a text is wrong, and what was wanted there", () => {
    expect(messageOf("year >= 2020 and )")).toMatchInlineSnapshot(`
      "filter: at position 18 got ), wanted a metadata key
        year >= 2020 and )
                         ^"
    `);
    expect(messageOf("year >= en")).toMatchInlineSnapshot(`
      "filter: at position 9 got en, wanted a value: 'text' in single quotes, a number, true or false
        year >= en
                ^"
    `);
    expect(messageOf("year = null")).toMatchInlineSnapshot(`
      "filter: at position 8 got null, wanted a value (for absent keys write \`KEY is null\`)
        year = null
               ^"
    `);
    expect(messageOf(`${"(a = 1) and ".repeat(10)}b = 'open`)).toMatchInlineSnapshot(`
      "filter: at position 125 got ', wanted the closing '
         1) and (a = 1) and (a = 1) and (a = 1) and (a = 1) and b = 'open
                                                                    ^"
    `);
    expect(messageOf("a = 1\nb = 2")).toMatchInlineSnapshot(`
      "filter: at position 7 got b, wanted \`and\`, \`or\` or the end
        a = 1 b = 2
              ^"
    `);
  });

  it.each([
    ["", /got the end, wanted a metadata key/],
    ["a", /got the end, wanted a comparison/],
    ["a =", /got the end, wanted a value/],
    ["(a = 1", /got the end, wanted `and`, `or` or `\)`/],
    ["a = 1)", /got \), wanted `and`, `or` or the end/],
    ["a in 1", /got 1, wanted `\(`/],
    ["a in (1", /got the end, wanted `,` or `\)`/],
    ["a in (1,)", /got \), wanted a value/],
    ["a is 1", /got 1, wanted `null` or `not null`/],
    ["a not 1", /got 1, wanted `in`/],
    ["a = 1; drop", /got ;, wanted/],
    ["a = 12abc", /got 12abc, wanted/],
    ["a = 1e999", /got 1e999, wanted a value/],
    ["a && b", /got &, wanted/],
    ["and = 1", /got and, wanted a metadata key/],
    [`${"(".repeat(1000)}a = 1`, /fewer parentheses/],
    [`${"not ".repeat(1000)}a = 1`, /fewer parentheses/],
    [`${"not ".repeat(20)}a = 1`, /nested deeper than 16/],
  ])("refuses %s", (text, message) => {
    expect(messageOf(text)).toMatch(message);
  });
});

describe("formatFilter", () => {
  it("is read back by parseFilter, whatever the keys and values", () => {
    fc.assert(
      fc.property(filters(anyKey, scalar), (filter) => {
        expect(parseFilter(formatFilter(filter))).toEqual(filter);
      }),
      { numRuns: 500 },
    );
  });

  it("writes as few parentheses as the meaning allows", () => {
    for (const text of [
      "a = 1 and (b = 2 or c = 3) and not d in ('x', 'y''s')",
      "not (a is null or b is not null)",
      '"odd key" != true',
      "(a = 1 and b = 2) or c < -5",
    ]) {
      expect(formatFilter(parseFilter(text))).toBe(text);
    }
    expect(formatFilter({ and: [{ or: [is("a", 1)] }] })).toBe("a = 1");
  });
});

describe("matches", () => {
  it.each<[string, Record<string, Scalar>, boolean]>([
    ["a = 1", { a: 1 }, true],
    ["a = 1", { a: "1" }, false],
    ["a = 1", { a: true }, false],
    ["a != 1", {}, false],
    ["a != 1", { a: "1" }, false],
    ["not a = 1", {}, true],
    ["a = 0", { a: -0 }, true],
    ["a >= 'b'", { a: "b" }, true],
    ["a < '\u{10000}'", { a: "\uffff" }, true], // by code point, where UTF-16 units would say the contrary
    ["constructor is null", {}, true],
    ["__proto__ = 1", JSON.parse('{"__proto__": 1}'), true],
    ["a in ()", { a: 1 }, false],
    ["true", {}, true],
    ["false", {}, false],
  ])("%s on %j is %s", (text, metadata, expected) => {
    expect(matches(parseFilter(text), metadata)).toBe(expected);
    expect(matches({ not: parseFilter(text) }, metadata)).toBe(!expected);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tokenEnds } from "#src/llm/openai/align.js";

describe("tokens are placed by what they spell", () => {
  const cases: [string, string, (string | undefined)[], number[] | undefined][] = [
    ["plain", "The dog", ["The", " dog"], [3, 7]],
    ["a first token that is not told", "The dog", [undefined, " dog"], [3, 7]],
    ["a mark before", "The dog", ["<s>", "The", " dog"], [0, 3, 7]],
    ["a mark that is not told", "The dog", [undefined, "The", " dog"], [0, 3, 7]],
    ["an empty mark", "The dog", ["", "The", " dog"], [0, 3, 7]],
    ["two marks", "The dog", ["[gMASK]", "<sop>", "The", " dog"], [0, 0, 3, 7]],
    ["a space before the first word", "The dog", [" The", " dog"], [3, 7]],
    ["spaces lost in decoding", "The dog", ["<s>", "The", "dog"], [0, 3, 7]],
    ["a space at the beginning", " The dog", ["The", "dog"], [4, 8]],
    ["SentencePiece's own space", "The dog", ["▁The", "▁dog"], [3, 7]],
    ["a space of its own", "a  b", ["a", " ", " b"], [1, 2, 4]],
    ["bytes of a character", "A 🦊 é", ["A", " ", "", "", "", "", " ", "", ""], [1, 2, 4, 4, 4, 4, 5, 6, 6]],
    ["a mark before bytes", "é!", ["", "", "", "!"], [0, 1, 1, 2]],
    ["a mark that is not told before bytes", "é!", [undefined, "", "", "!"], [0, 1, 1, 2]],
    ["an unknown first token and parts", "éé", [undefined, "\uFFFD", "\uFFFD"], [2, 2, 2]],
    ["bytes by name", "é!", ["<0xC3>", "<0xA9>", "!"], [1, 1, 2]],
    ["parts of more than a byte", "A 🦊!", ["A", " \uFFFD", "\uFFFD", "!"], [1, 4, 4, 5]],
    ["two characters cut in the middle", "🦊🦊", ["\uFFFD", "\uFFFD", "\uFFFD"], [4, 4, 4]],
    ["the same word before and after a character", "xéx", ["x", "", "", "x"], [1, 2, 2, 3]],
    ["a mark at the end", "The dog", ["The", " dog", ""], [3, 7, 7]],
    ["the beginning missing", "The dog is", [" dog", " is"], undefined],
    ["the end missing", "The dog is", ["The", " dog"], undefined],
    ["too much", "The dog", ["The", " dog", " is"], undefined],
    ["another text", "The dog", ["A", " cat"], undefined],
    ["words instead of marks", "The dog", ["More", "The", " dog"], undefined],
    ["no tokens", "The dog", [], undefined],
  ];
  it.each(cases)("%s", (_name, text, tokens, ends) => {
    expect(tokenEnds(text, tokens)).toEqual(ends);
  });

  // As llama-cpp-python 0.3.36 answers with a Llama 2 tokenizer; its text_offset counts code points and has 5 four times.
  it("in an answer of llama-cpp-python", () => {
    const tokens = [" One", " ", "", "", "", "", " t", "w", "o"];
    expect(tokenEnds("One 🦊 two", tokens)).toEqual([3, 4, 6, 6, 6, 6, 8, 9, 10]);
  });

  it("whatever the text and the cuts", () => {
    const words = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }), { minLength: 1 });
    fc.assert(
      fc.property(words, (tokens) => {
        fc.pre(
          !tokens.join("").includes("▁") &&
            !tokens.join("").includes("\uFFFD") &&
            !/<0x/.test(tokens.join("")),
        );
        let end = 0;
        const ends = tokens.map((token) => {
          end += token.length;
          return end;
        });
        expect(tokenEnds(tokens.join(""), tokens)).toEqual(ends);
      }),
    );
  });
});

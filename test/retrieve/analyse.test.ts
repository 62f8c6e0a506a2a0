import { describe, expect, it } from "vitest";
import { analyse } from "#src/retrieve/index.js";

describe("analyse", () => {
  it.each([
    ["The Quick brown-fox, 1958.", ["the", "quick", "brown", "fox", "1958"]],
    ["don't miss Kate’s GPUs", ["don", "miss", "kate", "gpus"]],
    ["l'homme d'Orléans", ["l", "homme", "d", "orleans"]],
    ["CAFÉ ＦＵＬＬ ﬁne Ёлка", ["cafe", "full", "fine", "елка"]],
    [
      "findBus HTTPServer snake_case_2",
      "findbus find bus httpserver http server snakecase2 snake case 2".split(" "),
    ],
    ["v2 utf8 B2B", ["v2", "utf8", "b2b"]],
    ["光荣公司", ["光荣", "荣公", "公司"]],
    ["我 love 北京", ["我", "love", "北京"]],
    ["東京タワーに行く", ["東京", "京タ", "タワ", "ワー", "ーに", "に行", "行く"]],
    ["\u304b\u3099行", ["が行"]],
    ["iPhone15を使う", ["iphone15", "i", "phone15", "を使", "使う"]],
    ["서울에서 만나", ["서울에서", "서울", "울에", "에서", "만나"]],
    ["ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]],
    ["हिन्दी भाषा", ["हिन्दी", "भाषा"]],
    ["", []],
    ["?! — …", []],
  ])("%s", (text, terms) => {
    expect(analyse(text)).toEqual(terms);
  });

  it("gives a query the terms of the text it is cut from", () => {
    const text = "《战国无双3》是由光荣和ω-force开发的战国无双系列的正统第三续作。";
    expect(new Set(analyse(text))).toEqual(
      new Set([...analyse(text), ...analyse("战国无双3 光荣和ω-force")]),
    );
  });
});

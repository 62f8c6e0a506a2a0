import { expect, it } from "vitest";
import { createVectorCache } from "#src/train/vector-cache.js";

const row = (id: number): Int32Array => Int32Array.of(id, id + 1);

/** Embeds [a, b] as [a, b], and counts what it is asked for. */
function counting() {
  const asked: number[] = [];
  const embed = async (rows: readonly Int32Array[]) => {
    asked.push(...rows.map(([id = 0]) => id));
    return rows.map((each) => Float32Array.from(each));
  };
  return { asked, embed };
}

it("gives the vectors in the order asked for, each computed once", async () => {
  const { asked, embed } = counting();
  const cached = createVectorCache(embed, 2, 1e6);
  expect([...(await cached([row(3), row(1)])).data]).toEqual([3, 4, 1, 2]);
  const { rows, columns, data } = await cached([row(1), row(7), row(3)]);
  expect({ rows, columns, data: [...data] }).toEqual({ rows: 3, columns: 2, data: [1, 2, 7, 8, 3, 4] });
  expect(asked).toEqual([3, 1, 7]);
});

it("keeps what it holds when there is no more room, and still gives the others", async () => {
  const { asked, embed } = counting();
  const cached = createVectorCache(embed, 2, 2 * (4 * 2 + 200));
  for (let epoch = 0; epoch < 2; epoch++) {
    expect([...(await cached([row(1), row(2), row(3), row(4)])).data]).toEqual([1, 2, 2, 3, 3, 4, 4, 5]);
  }
  expect(asked).toEqual([1, 2, 3, 4, 3, 4]);
});

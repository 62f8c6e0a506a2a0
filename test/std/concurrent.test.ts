/** Work on many items, a few at once. */

import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { mapConcurrently } from "#src/std/index.js";

describe("mapConcurrently", () => {
  it("keeps the order, and no more under way than wanted", async () => {
    let now = 0;
    let most = 0;
    const results = await mapConcurrently([5, 1, 4, 2, 3], 2, async (item, index) => {
      most = Math.max(most, ++now);
      await delay(item);
      now--;
      return `${index}:${item}`;
    });
    expect(results).toEqual(["0:5", "1:1", "2:4", "3:2", "4:3"]);
    expect(most).toBe(2);
    expect(await mapConcurrently([], 3, async () => 1)).toEqual([]);
  });

  it("begins nothing after a failure, lets what is under way end, then throws the first", async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const work = async (item: number): Promise<void> => {
      begun.push(item);
      await delay(item === 1 ? 1 : 20);
      ended.push(item);
      if (item <= 1) throw new Error(`failed at ${item}`);
    };
    await expect(mapConcurrently([2, 1, 3, 4], 2, work)).rejects.toThrow("failed at 1");
    expect({ begun, ended }).toEqual({ begun: [2, 1], ended: [1, 2] });
  });
});

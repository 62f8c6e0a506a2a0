import fc from "fast-check";
import { expect, it } from "vitest";
import { createBoundedHeap } from "#src/std/index.js";

const ascending = (left: number, right: number): number => left - right;

it("keeps what sorting everything and cutting would keep", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer({ min: 0, max: 20 }), (numbers, capacity) => {
      const heap = createBoundedHeap(capacity, ascending);
      for (const number of numbers) heap.push(number);
      expect(heap.sorted()).toEqual([...numbers].sort(ascending).slice(0, capacity));
    }),
  );
});

it("tells the worst kept item once it is full", () => {
  const heap = createBoundedHeap(2, ascending);
  heap.push(5);
  expect(heap.worst()).toBeUndefined();
  heap.push(1);
  expect(heap.worst()).toBe(5);
  heap.push(3);
  expect(heap.worst()).toBe(3);
});

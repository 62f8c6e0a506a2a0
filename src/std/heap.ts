/** The best k of a stream, in O(n log k) time and O(k) space. */

/** Keeps the `capacity` items that come first under `compare`, in the order of `compare` at the end. */
export interface BoundedHeap<Item> {
  readonly size: number;
  push(item: Item): void;
  /** The item that would leave next, or undefined while there is room. */
  worst(): Item | undefined;
  /** The kept items, first under `compare` first. */
  sorted(): Item[];
}

/**
 * A heap that keeps the first `capacity` items under `compare` (negative: the first argument comes first).
 *
 * A strict total order gives the same result whatever the order of insertion.
 */
export function createBoundedHeap<Item>(
  capacity: number,
  compare: (left: Item, right: Item) => number,
): BoundedHeap<Item> {
  const items: Item[] = []; // items[0] is the worst kept
  const at = (index: number): Item => items[index] as Item;
  const swap = (left: number, right: number): void => {
    const held = at(left);
    items[left] = at(right);
    items[right] = held;
  };
  const siftUp = (start: number): void => {
    for (let child = start; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (compare(at(child), at(parent)) <= 0) return;
      swap(child, parent);
      child = parent;
    }
  };
  const siftDown = (): void => {
    for (let parent = 0; ; ) {
      const left = 2 * parent + 1;
      const right = left + 1;
      let worst = parent;
      if (left < items.length && compare(at(left), at(worst)) > 0) worst = left;
      if (right < items.length && compare(at(right), at(worst)) > 0) worst = right;
      if (worst === parent) return;
      swap(parent, worst);
      parent = worst;
    }
  };
  return {
    get size() {
      return items.length;
    },
    push(item) {
      if (items.length < capacity) {
        items.push(item);
        siftUp(items.length - 1);
      } else if (capacity > 0 && compare(item, at(0)) < 0) {
        items[0] = item;
        siftDown();
      }
    },
    worst: () => (items.length < capacity ? undefined : items[0]),
    sorted: () => [...items].sort(compare),
  };
}

/** Some of many, so that no part of a file is left out: files are often sorted by source. */

/** `count` of the items, evenly spaced, in their order. */
export function spread<Item>(items: readonly Item[], count: number = items.length): Item[] {
  const step = Math.max(1, items.length / count);
  return items.filter((_, index) => index === 0 || Math.floor(index / step) > Math.floor((index - 1) / step));
}

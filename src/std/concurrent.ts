/** Work on many items, a few at once. */

/**
 * What `work` makes of each item, in their order, with at most `limit` under way. After a failure no further item is
 * begun; those under way end first, so that nothing goes on behind the caller's back, then the first failure is thrown.
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const left = items.entries();
  const failures: unknown[] = [];
  const take = async (): Promise<void> => {
    for (const [index, item] of left) {
      try {
        results[index] = await work(item, index);
      } catch (error) {
        failures.push(error);
      }
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, limit) }, take));
  if (failures.length > 0) throw failures[0];
  return results;
}

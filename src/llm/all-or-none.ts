import { onAbort } from "./on-abort.ts";

/** Runs work over all items at once; when one fails or the caller ends it, the others are ended too. */
export async function allOrNone<Item, Result>(
  items: readonly Item[],
  signal: AbortSignal | undefined,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const ending = new AbortController();
  const end = (): void => ending.abort(signal?.reason);
  const release = onAbort(signal, end);
  try {
    return await Promise.all(items.map((item) => work(item, ending.signal)));
  } finally {
    release();
    end();
  }
}

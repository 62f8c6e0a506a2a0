const followers = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `act` when the signal is aborted, at once where it already is; the function returned takes that back.
 *
 * A signal gets one listener however many calls follow it: Node warns of more than ten, and `AbortSignal.any` leaves a trace
 * of each call at a signal that lives long.
 */
export function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    act();
    return () => {};
  }
  const acts = followers.get(signal) ?? follow(signal);
  // Wrapped, so that the same function given twice is called twice.
  const own = (): void => act();
  acts.add(own);
  return () => acts.delete(own);
}

function follow(signal: AbortSignal): Set<() => void> {
  const acts = new Set<() => void>();
  const actAll = (): void => {
    for (const act of acts) act();
  };
  signal.addEventListener("abort", actAll, { once: true });
  followers.set(signal, acts);
  return acts;
}

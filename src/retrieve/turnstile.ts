/** Work that must not overlap, one piece after another in the order of arrival. */

export type Turnstile = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** A failed piece rejects its own promise and lets the next one in. */
export function createTurnstile(): Turnstile {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
}

/** Progress on stderr, each line with the seconds since the start. */

const started = performance.now();
const quiet = 10_000;

export function tell(message) {
  console.error(`${String(Math.round((performance.now() - started) / 1000)).padStart(6)} s  ${message}`);
}

/** What to call as `onProgress`: tells at most every ten seconds, and not at once. */
export function progressOf(what) {
  let last = performance.now();
  return ({ done, total, unit }) => {
    if (performance.now() - last < quiet) return;
    last = performance.now();
    tell(`${what}: ${done}${total === undefined ? "" : ` of ${total}`} ${unit}`);
  };
}

/** Where commands keep what is dear to compute. */

import { homedir } from "node:os";
import { join } from "node:path";

/** `scores`: what language models were asked, whichever command asked. `vectors`: of benchmarks. */
export function cacheFolder(what: "scores" | "vectors"): string {
  return join(homedir(), ".cache", "retrieve-anything", what);
}

/** The version of this package. */

import { readFileSync } from "node:fs";

/** As `package.json` has it. */
export function packageVersion(): string {
  const found: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const isKnown = typeof found === "object" && found !== null && "version" in found;
  return isKnown ? String(found.version) : "unknown";
}

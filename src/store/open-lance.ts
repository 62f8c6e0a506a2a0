/** Loads LanceDB when the first store on disk is opened: half a second that other commands need not wait. */

import type { LanceStoreOptions } from "./lance/table.ts";
import type { VectorStore } from "./vector-store.ts";

/** As `openLanceStore` of `lance/lance-store.ts`, which says all. */
export async function openLanceStore(
  location: string,
  name: string,
  options: LanceStoreOptions,
): Promise<VectorStore> {
  const lance = await import("./lance/lance-store.ts");
  return lance.openLanceStore(location, name, options);
}

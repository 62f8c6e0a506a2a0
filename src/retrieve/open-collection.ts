/** A {@link Collection} over a vector store. */

import { RetrieveError } from "../std/index.ts";
import type { Collection, CollectionOptions } from "./collection.ts";

/** A collection over `store`, empty or filled by an earlier one. */
export async function openCollection(options: CollectionOptions): Promise<Collection> {
  throw new RetrieveError("internal", `openCollection(${options.task}) has no body`);
}

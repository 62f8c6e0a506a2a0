/** Ids that may come once in a file. */

import { RetrieveError } from "../std/index.ts";

/** Gives an id back, and throws `invalid_data` with the place where one comes again. `what` names the thing: "question". */
export function createUnique(what: string): (id: string, place: string) => string {
  const seen = new Set<string>();
  return (id, place) => {
    if (seen.has(id)) {
      throw new RetrieveError("invalid_data", `${place}: ${what} "${id}" comes twice; ids are unique`);
    }
    seen.add(id);
    return id;
  };
}

/** Names of calls of tools, for models that give none. */

import { randomUUID } from "node:crypto";

/** A name that no other call of a chat has: results are found by it, in all rounds. */
export function createCallId(): string {
  return `call_${randomUUID()}`;
}

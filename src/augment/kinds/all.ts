/** The four kinds by name. */

import type { KindName } from "../kind-names.ts";
import { examples } from "./examples.ts";
import type { Kind } from "./kind.ts";
import { knowledge } from "./knowledge.ts";
import { memory } from "./memory.ts";
import { tools } from "./tools.ts";

export const kinds: { readonly [Name in KindName]: Kind<Name> } = { knowledge, memory, examples, tools };

/** The four kinds by name. */

/** What a language model lacks. */
export type KindName = "knowledge" | "memory" | "examples" | "tools";

/** The four kinds, in the order in which prompts and tables name them. */
export const kindNames: readonly KindName[] = ["knowledge", "memory", "examples", "tools"];

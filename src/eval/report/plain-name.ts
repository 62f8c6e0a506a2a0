/** Names that differ in case and signs are the same: `NDCG@5`, `nDCG@5`; `Books3`, `books3`. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

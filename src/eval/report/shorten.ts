/** `text` in one line of at most `most` characters; what is cut is marked. */
export function shorten(text: string, most: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  if (line.length <= most) return line;
  // Not through the middle of a pair of surrogates.
  return `${line.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

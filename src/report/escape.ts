/** Text made safe inside HTML and SVG. */

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** `text` as it may stand in an element or a quoted attribute, of HTML and of XML. */
export function escapeText(text: string): string {
  return legible(text).replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

/** `text` without the characters that XML 1.0 has no place for: controls, and halves of surrogate pairs. */
export function legible(text: string): string {
  return text.replace(/[^\P{Cc}\t\n\r]|[\p{Cs}\ufffe\uffff]/gu, "");
}

/** Whether a text is well-formed XML, by the rules that our pages and charts can break; and what it contains. */

export interface Parsed {
  /** Opened elements in order, with their attributes unescaped. */
  readonly elements: readonly { readonly name: string; readonly attributes: ReadonlyMap<string, string> }[];
  /** The pieces of text between tags, unescaped. */
  readonly texts: readonly string[];
}

const token = /<!DOCTYPE html>|<\/([\w:-]+)\s*>|<([\w:-]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|[^<]+/gy;

/** Parses `text`. Throws for what is not well-formed: tags that do not match, wrong entities, forbidden characters. */
export function parseXml(text: string): Parsed {
  const elements: { name: string; attributes: Map<string, string> }[] = [];
  const texts: string[] = [];
  const open: string[] = [];
  let at = 0;
  must(!/[^\P{Cc}\t\n\r]|\p{Cs}|[\ufffe\uffff]/u.test(text), "a character that XML forbids");
  for (const [whole, closed, name, attributes = "", empty] of text.matchAll(token)) {
    at += whole.length;
    if (closed !== undefined) {
      must(open.pop() === closed, `</${closed}> closes another element`);
    } else if (name !== undefined) {
      must(open.length > 0 || elements.length === 0, `<${name}> is a second root`);
      elements.push({ name, attributes: parseAttributes(attributes) });
      if (empty === "") open.push(name);
    } else if (!whole.startsWith("<")) {
      must(open.length > 0 || whole.trim() === "", `text outside the root: ${whole}`);
      texts.push(unescaped(whole));
    }
  }
  must(at === text.length, `not well-formed at ${at}: ${text.slice(at, at + 60)}`);
  must(open.length === 0 && elements.length > 0, `never closed: ${open.join(", ")}`);
  return { elements, texts };
}

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

function parseAttributes(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = "", value = ""] of text.matchAll(/([\w:-]+)="([^"]*)"/g)) {
    must(!attributes.has(name), `attribute ${name} twice`);
    attributes.set(name, unescaped(value));
  }
  return attributes;
}

const entities: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};

function unescaped(text: string): string {
  return text.replace(/&[^;]{0,8};?/g, (entity) => {
    const character = entities[entity];
    if (character === undefined) throw new Error(`unknown entity ${entity}`);
    return character;
  });
}

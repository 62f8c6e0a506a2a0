/**
 * How a candidate, a question and an answer stand in a prompt. Pure.
 *
 * The layouts by task are those of LLM-Embedder (arXiv 2310.07554; `run_lm_score` of its code). A template is text with
 * placeholders; what is filled in is data, and braces in it mean nothing.
 */

import { nearest, RetrieveError } from "../../std/index.ts";

const placeholders = ["key", "query", "answer", "context"] as const;
type Placeholder = (typeof placeholders)[number];

/** All that stands before the answer. */
export interface PromptFields {
  /** The candidate. */
  readonly key: string;
  readonly query: string;
  /** What stands before the query in a long text. */
  readonly context: string;
}

export interface Layout {
  readonly template: string;
  /**
   * The prompt, up to the answer. Spaces before the answer are not part of it but begin the continuation, as tokens do:
   * `Answer:` and ` Paris`.
   */
  prompt(fields: PromptFields): string;
  /** The prompt as if there were no candidate: without the line that held it alone, and the line breaks after it. */
  promptWithoutKey(fields: Omit<PromptFields, "key">): string;
  continuation(answer: string): string;
}

const knowledge = "Knowledge: {key}\n\nQuestion: {query}\n\nAnswer: {answer}";

const templates: Readonly<Record<string, string>> = {
  qa: knowledge,
  convsearch: knowledge,
  icl: "{key}\n{query}\n{answer}",
  chat: "{key}\nSpeaker 1: {query}\nSpeaker 2: {answer}",
  // Pieces of one text, as they follow each other.
  lrlm: "{key}{context}{query}{answer}",
};

/** The layout of a task; undefined where it has none. */
export function taskLayout(task: string): Layout | undefined {
  const template = Object.hasOwn(templates, task) ? templates[task] : undefined;
  return template === undefined ? undefined : parseLayout(template);
}

/** The tasks that have a layout. */
export const layoutTasks: readonly string[] = Object.keys(templates);

/**
 * Reads a template: `{key}` once, `{answer}` once at the end, `{query}` and `{context}` as wanted. Braces around anything
 * but a word are text.
 *
 * Throws `invalid_argument` naming the fault, and for an unknown placeholder the nearest one.
 */
export function parseLayout(template: string): Layout {
  const parts = partsOf(template);
  checkParts(template, parts);
  const before = parts.slice(0, -1);
  const lead = leadOf(before.at(-1));
  const head = trimEnd(before, lead);
  const keyless = withoutKey(head);
  return {
    template,
    prompt: (fields) => fill(head, fields),
    promptWithoutKey: (fields) => fill(keyless, { ...fields, key: "" }),
    continuation: (answer) => lead + answer,
  };
}

type Part = { readonly text: string } | { readonly name: Placeholder };

function partsOf(template: string): Part[] {
  return template
    .split(/(\{\w+\})/)
    .filter((piece) => piece !== "")
    .map((piece) => {
      const [, name] = /^\{(\w+)\}$/.exec(piece) ?? [];
      return name === undefined ? { text: piece } : { name: known(name) };
    });
}

function known(name: string): Placeholder {
  const found = placeholders.find((placeholder) => placeholder === name);
  if (found !== undefined) return found;
  const near = nearest(name, placeholders);
  const hint = near === undefined ? "" : `; did you mean {${near}}?`;
  throw fault(`there is no {${name}}; wanted ${placeholders.map((one) => `{${one}}`).join(", ")}${hint}`);
}

function checkParts(template: string, parts: readonly Part[]): void {
  const names = parts.flatMap((part) => ("name" in part ? [part.name] : []));
  for (const name of ["key", "answer"] as const) {
    const count = names.filter((one) => one === name).length;
    if (count !== 1) throw fault(`has {${name}} ${count} times; wanted it once`);
  }
  const last = parts.at(-1);
  if (last !== undefined && "name" in last && last.name === "answer") return;
  const after = template.slice(template.indexOf("{answer}") + "{answer}".length);
  throw fault(`has ${JSON.stringify(after)} after {answer}; wanted the answer last: it is what is scored`);
}

function fault(problem: string): RetrieveError {
  return new RetrieveError("invalid_argument", `template: ${problem}`);
}

function leadOf(part: Part | undefined): string {
  return / *$/.exec(textOf(part) ?? "")?.[0] ?? "";
}

function trimEnd(parts: readonly Part[], lead: string): Part[] {
  const last = textOf(parts.at(-1));
  if (lead === "" || last === undefined) return [...parts];
  return [...parts.slice(0, -1), { text: last.slice(0, -lead.length) }];
}

/** Leaves out the line that holds the key and no other placeholder; where others share its line, the key alone. */
function withoutKey(parts: readonly Part[]): Part[] {
  const at = parts.findIndex((part) => "name" in part && part.name === "key");
  const before = textOf(parts[at - 1]);
  const after = textOf(parts[at + 1]);
  const beginsLine = at === 0 || before?.includes("\n") || (at === 1 && before !== undefined);
  if (!beginsLine || !after?.includes("\n")) return parts.filter((_, index) => index !== at);
  return [
    ...parts.slice(0, Math.max(0, at - 1)),
    { text: before?.replace(/[^\n]*$/, "") ?? "" },
    { text: after.replace(/^[^\n]*\n+/, "") },
    ...parts.slice(at + 2),
  ];
}

function textOf(part: Part | undefined): string | undefined {
  return part !== undefined && "text" in part ? part.text : undefined;
}

/** Each piece is put in once: what stands in the data is never looked at again. */
function fill(parts: readonly Part[], fields: PromptFields): string {
  return parts
    .map((part) => ("text" in part ? part.text : part.name === "answer" ? "" : fields[part.name]))
    .join("");
}

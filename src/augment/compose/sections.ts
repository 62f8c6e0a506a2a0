/**
 * What each kind looks like in a prompt. Pure: pieces, most relevant first, become text.
 *
 * knowledge: numbered passages, most relevant first · memory: chunks in their original order, overlaps merged ·
 * examples: most relevant last, nearest to the instruction · tools: one schema a line.
 */

import type { KindName } from "../kind-names.ts";
import { fence, headline } from "./fence.ts";
import type { ExamplePiece, KnowledgePiece, MemoryPiece, PieceOf, Pieces, ToolPiece } from "./prompt.ts";

/** The section of one kind; empty where there is no piece of it. */
export function formatSection<Kind extends KindName>(kind: Kind, pieces: Pieces, mark: string): string {
  const own: readonly PieceOf[Kind][] = pieces[kind] ?? [];
  return own.length === 0 ? "" : formats[kind](own, mark);
}

const formats: { readonly [Kind in KindName]: (pieces: readonly PieceOf[Kind][], mark: string) => string } = {
  knowledge: knowledgeSection,
  memory: memorySection,
  examples: examplesSection,
  tools: toolsSection,
};

/** Passages under their number, title and source. */
function knowledgeSection(pieces: readonly KnowledgePiece[], mark: string): string {
  const passages = pieces.map(({ number, title, source, text }, index) => {
    const where = title === "" || title === source ? source : `${title} (${source})`;
    return `${headline(mark, `[${number ?? index + 1}] ${where}`)}\n${text.trim()}`;
  });
  return fence("knowledge", mark, passages.join("\n\n"));
}

/** Stretches of the remembered texts, each under the name of its text and its time. */
function memorySection(pieces: readonly MemoryPiece[], mark: string): string {
  const stretches = mergeStretches(pieces).map(({ of, time, between, parts }) => {
    const label = time === undefined ? of : `${of}, ${time.slice(0, 16).replace("T", " ")}`;
    return `${headline(mark, label)}\n${parts.join(between).trim()}`;
  });
  return fence("memory", mark, stretches.join("\n\n"));
}

/** Input and output of each, the most relevant last. */
function examplesSection(pieces: readonly ExamplePiece[], mark: string): string {
  const examples = pieces.toReversed().map(({ task, input, output }) => {
    return `${headline(mark, task ?? "")}\nInput: ${input.trim()}\nOutput: ${output.trim()}`;
  });
  return fence("examples", mark, examples.join("\n\n"));
}

/** The schemas that the model may call. */
function toolsSection(pieces: readonly ToolPiece[], mark: string): string {
  const tools = pieces.map(({ name, schema }) => `${headline(mark, name)}\n${JSON.stringify(schema)}`);
  return fence("tools", mark, tools.join("\n"));
}

/** Consecutive parts of one text. */
export interface Stretch {
  readonly of: string;
  readonly start: number;
  readonly between: string;
  readonly time?: string;
  readonly parts: string[];
}

/** Neighbouring and overlapping pieces as one, in their original order: a part that two share stands once. */
export function mergeStretches(pieces: readonly MemoryPiece[]): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (const piece of inOriginalOrder(pieces)) {
    const open = stretches.at(-1);
    const overlap = open?.of === piece.of ? open.start + open.parts.length - piece.start : -1;
    if (open !== undefined && overlap >= 0) open.parts.push(...piece.parts.slice(overlap));
    else stretches.push({ ...piece, parts: [...piece.parts] });
  }
  return stretches;
}

/** By time between texts, those without one last; by place within a text. */
export function inOriginalOrder(pieces: readonly MemoryPiece[]): MemoryPiece[] {
  const began = new Map<string, string>();
  for (const { of, time = untimed } of pieces) {
    const known = began.get(of);
    if (known === undefined || time < known) began.set(of, time);
  }
  const beganAt = (piece: MemoryPiece): string => began.get(piece.of) ?? untimed;
  return pieces.toSorted(
    (left, right) =>
      compare(beganAt(left), beganAt(right)) || compare(left.of, right.of) || left.start - right.start,
  );
}

/** Sorts after every ISO time: texts without a time come last. */
const untimed = "\uffff";

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

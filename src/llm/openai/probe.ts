/**
 * The conformance probe: whether the log-probabilities of a server are what they claim to be.
 *
 * Servers that take the fields and do not do what they say give rewards at chance level without a word. So each form is
 * tried on a known text, and its values are compared with those that the server tells when it generates the same tokens.
 */

import { z } from "zod";
import { type Fault, type Finding, type ReadText, type ScoringForm, scoringForms } from "./forms.ts";
import { orFinding, readTexts } from "./scorer.ts";
import type { Server } from "./server.ts";

/** What a server can do. */
export interface Conforming {
  readonly form: ScoringForm;
  /** Texts that a request may hold. */
  readonly batch: number;
  /** Tokens whose values were compared with those told at their generation. */
  readonly compared: number;
  /** The largest difference among them. */
  readonly difference: number;
}

/** Why a server cannot score: what was seen in each form. */
export interface Refused {
  readonly findings: readonly (Finding & { readonly form: ScoringForm })[];
}

export type ProbeResult = Conforming | Refused;

const knownText =
  "The capital of France is Paris, and the capital of Italy is Rome. They are 1,100 km apart.";

/** Beginnings after which a token is generated; one that ends the text, or that the tokenizer cuts otherwise, is left out. */
const beginnings: readonly string[] = [
  "The capital of France is",
  "One, two, three, four,",
  "Once upon a time, there was a little",
  "def add(a, b):\n    return a",
  "She opened the door and",
  "The quick brown fox jumps over the lazy",
];
const tail = " and so on";
/** Of the beginnings, those that must be comparable. */
const leastCompared = 2;

/** Texts a request holds at most, where a server takes several. */
const batch = 16;

/**
 * Tries the forms in turn and takes the first that conforms. About 16 short requests; throws only what says nothing about
 * scoring: no connection, a key that is refused.
 */
export async function probeScoring(server: Server): Promise<ProbeResult> {
  const findings: (Finding & { form: ScoringForm })[] = [];
  for (const form of scoringForms) {
    const outcome = await probeForm(server, form);
    if (!("fault" in outcome)) return outcome;
    findings.push({ ...outcome, form });
  }
  return { findings };
}

async function probeForm(server: Server, form: ScoringForm): Promise<Conforming | Finding> {
  const read = await readOne(server, form, knownText);
  if ("fault" in read) return read;
  const constant = constantFault(read);
  if (constant !== undefined) return constant;
  const comparisons = await compare(server, form);
  if ("fault" in comparisons) return comparisons;
  const difference = Math.max(...comparisons.map(({ told, values }) => Math.abs(told - values.own)));
  return { form, batch: await findBatch(server, form, read), compared: comparisons.length, difference };
}

async function readOne(server: Server, form: ScoringForm, text: string): Promise<ReadText | Finding> {
  const read = await orFinding(readTexts(server, form, [text], { signal: undefined }));
  return "fault" in read ? read : (read[0] ?? { fault: "truncated", seen: "no answer" });
}

function constantFault({ logProbabilities }: ReadText): Finding | undefined {
  const known = logProbabilities.filter((one) => one !== null);
  if (known.length === 0) return { fault: "truncated", seen: "no token has a log-probability" };
  const spread = Math.max(...known) - Math.min(...known);
  if (spread > 1e-6) return undefined;
  return { fault: "constant", seen: `each of ${known.length} tokens has the log-probability ${known[0]}` };
}

/** A token's value when it was generated, and the values at its place in the text and beside it. */
interface Comparison {
  readonly told: number;
  readonly values: Readonly<Record<"before" | "own" | "after", number>>;
}

/** Prefill and decoding round differently, in 16 bits more than in 32. */
function agrees(told: number, value: number): boolean {
  return Math.abs(told - value) <= 0.1 + 0.02 * Math.abs(told);
}

async function compare(server: Server, form: ScoringForm): Promise<readonly Comparison[] | Finding> {
  const found: Comparison[] = [];
  for (const beginning of beginnings) {
    const generated = await orFinding(generateOne(server, beginning));
    if (generated !== undefined && "fault" in generated) return generated;
    if (generated === undefined) continue;
    const read = await readOne(server, form, beginning + generated.token + tail);
    if ("fault" in read) return read;
    const comparison = comparisonOf(read, beginning, generated);
    if (comparison !== undefined) found.push(comparison);
  }
  return judged(found);
}

function judged(found: readonly Comparison[]): readonly Comparison[] | Finding {
  const count = found.length;
  if (count < leastCompared) {
    return {
      fault: "unchecked",
      seen: `only ${count} generated tokens could be found again in a text, wanted ${leastCompared}`,
    };
  }
  const agree = (place: "before" | "own" | "after"): boolean =>
    found.every(({ told, values }) => agrees(told, values[place]));
  if (agree("own")) return found;
  const aside = (["before", "after"] as const).find(agree);
  if (aside !== undefined) {
    return {
      fault: "shifted",
      seen: `in ${count} of ${count} texts the value of a token stands at the token ${aside} it`,
    };
  }
  const worst = found.find(({ told, values }) => !agrees(told, values.own));
  return {
    fault: "unlike",
    seen: `a token has ${round(worst?.values.own)} where the server told ${round(worst?.told)} when it generated it`,
  };
}

function round(value: number | undefined): string {
  return (value ?? Number.NaN).toPrecision(4);
}

interface Generated {
  readonly token: string;
  readonly logProbability: number;
}

const generation = z.object({
  choices: z.tuple([
    z.object({
      text: z.string(),
      logprobs: z
        .object({ tokens: z.array(z.string()), token_logprobs: z.array(z.number().nullable()) })
        .nullish(),
    }),
  ]),
});

/** One token after a text with its value; undefined where it ends the text or is part of a character. */
async function generateOne(server: Server, prompt: string): Promise<Generated | Finding | undefined> {
  const body = { model: server.model, prompt, max_tokens: 1, temperature: 0, logprobs: 1 };
  const leave = await server.gate.enter(undefined);
  try {
    const answer = generation.safeParse(
      await server.transport.json("/completions", body, { signal: undefined }),
    );
    const choice = answer.data?.choices[0];
    const logProbability = choice?.logprobs?.token_logprobs[0];
    if (choice === undefined || logProbability == null) return choice?.text === "" ? undefined : withoutValue;
    const isWhole = choice.text !== "" && !choice.text.includes("\uFFFD");
    return isWhole ? { token: choice.text, logProbability } : undefined;
  } finally {
    leave();
  }
}

const withoutValue: Finding = {
  fault: "unchecked",
  seen: "a generated token comes without its log-probability, so that the others cannot be checked",
};

/** Undefined where the tokenizer cuts the text with the token in it differently. */
function comparisonOf(
  read: ReadText,
  beginning: string,
  { token, logProbability }: Generated,
): Comparison | undefined {
  const place = read.ends.indexOf(beginning.length + token.length);
  const startsThere = (read.ends[place - 1] ?? 0) === beginning.length;
  const at = (index: number): number => read.logProbabilities[index] ?? Number.NaN;
  if (place < 1 || !startsThere) return undefined;
  return { told: logProbability, values: { before: at(place - 1), own: at(place), after: at(place + 1) } };
}

/** How many texts a request may hold: several where a server answers each as it does alone. */
async function findBatch(server: Server, form: ScoringForm, alone: ReadText): Promise<number> {
  const texts = ["Something else comes first.", knownText];
  const read = await orFinding(readTexts(server, form, texts, { signal: undefined, tries: 1 }));
  const second = "fault" in read ? undefined : read[1];
  const isSame = second?.logProbabilities.every((one, index) => {
    const other = alone.logProbabilities[index];
    return one === other || (one != null && other != null && agrees(one, other));
  });
  return isSame === true && second?.tokens.length === alone.tokens.length ? batch : 1;
}

const words: Readonly<Record<Fault, string>> = {
  refused: "refused",
  ignored: "ignored",
  truncated: "truncated",
  misread: "another text",
  shifted: "shifted",
  constant: "constant",
  positive: "positive",
  notANumber: "no numbers",
  unlike: "other values",
  unchecked: "cannot be checked",
};

/** The result in one line. */
export function formatProbe(result: ProbeResult): string {
  if ("findings" in result) {
    return result.findings.map(({ form, fault, seen }) => `${form}: ${words[fault]} (${seen})`).join("; ");
  }
  const { form, batch, compared, difference } = result;
  const together = batch > 1 ? `, ${batch} texts a request` : "";
  return `scores by ${form}${together}; ${compared} tokens agree with their generation to ${difference.toPrecision(2)}`;
}

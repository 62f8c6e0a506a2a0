/** Flags: each has an environment variable, and its value is checked where it is read. */

import { Argument, InvalidArgumentError, Option } from "commander";
import type { EncoderSettings, KindName } from "../augment/index.ts";
import type { SearchMethod } from "../retrieve/index.ts";

/**
 * A flag with its environment variable: `--top-k` is `RETRIEVE_TOP_K`. A switch is off where the variable is empty,
 * `0` or `false`.
 */
export function option(flags: string, description: string): Option {
  const made = new Option(flags, description);
  const name = `RETRIEVE_${made.name().replaceAll("-", "_").toUpperCase()}`;
  const isSwitchedOff = !made.required && ["", "0", "false"].includes(process.env[name] ?? "unset");
  return isSwitchedOff ? made : made.env(name);
}

/** Parses a whole number from `minimum` up. */
export function wholeNumber(minimum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= minimum && text.trim() !== "") return value;
    throw new InvalidArgumentError(`wanted a whole number of at least ${minimum}.`);
  };
}

/** Parses a number from `minimum` up. */
export function atLeast(minimum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isFinite(value) && value >= minimum && text.trim() !== "") return value;
    throw new InvalidArgumentError(`wanted a number of at least ${minimum}.`);
  };
}

/** Parses `a,b,c` where each part is one of `choices`. */
export function listOf<Choice extends string>(choices: readonly Choice[]): (text: string) => Choice[] {
  const pick = choiceOf(choices);
  return (text) => text.split(",").map((part) => pick(part.trim()));
}

/** Parses a value that is one of `choices`. */
export function choiceOf<Choice extends string>(choices: readonly Choice[]): (text: string) => Choice {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`wanted one of ${choices.join(", ")}.`);
  };
}

/** Collects the values of a flag that may be given several times. */
export function collect<Value>(
  parse: (text: string) => Value,
): (text: string, previous: Value[] | undefined) => Value[] {
  return (text, previous) => [...(previous ?? []), parse(text)];
}

/** The flags that every command takes. */
export interface GlobalOptions {
  readonly index: string;
  /** As often as it was given; where one is wanted the last counts. */
  readonly model?: readonly string[];
  readonly json: boolean;
  readonly quiet: boolean;
  readonly offline: boolean;
  readonly precision?: Precision;
}

/** What a model computes in. */
export type Precision = NonNullable<EncoderSettings["precision"]>;

export const precisions: readonly Precision[] = ["float32", "int8"];

/** How the global flags open a model. */
export function encoderSettings({ offline, precision }: GlobalOptions): EncoderSettings {
  return { offline, ...(precision && { precision }) };
}

/** How a question can be answered. */
export const searchMethods: readonly SearchMethod[] = ["dense", "bm25", "hybrid"];

/** Spelled out here because help must not wait for the floors that own the names: they load the whole house. */
const kindTable: Readonly<Record<KindName, true>> = {
  knowledge: true,
  memory: true,
  examples: true,
  tools: true,
};

/** The four kinds. */
export const kindNames: readonly KindName[] = Object.keys(kindTable).filter(isKind);

function isKind(name: string): name is KindName {
  return name in kindTable;
}

/** The flag of commands that write. */
export function waitOption(): Option {
  return option("--wait", "wait for another writer to finish").default(false);
}

/** The KIND argument. */
export function kindArgument(): Argument {
  const parse: (text: string) => KindName = choiceOf(kindNames);
  return new Argument("<kind>", kindNames.join(", ")).argParser(parse);
}

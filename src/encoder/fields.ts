/** Fields of a JSON file, each checked when it is read: an error names file, field, what was got and what was wanted. */

import { RetrieveError } from "../std/index.ts";

export interface Fields {
  has(name: string): boolean;
  /** The field as it stands, undefined where it is not there. */
  value(name: string): unknown;
  integer(name: string, otherwise?: number): number;
  number(name: string, otherwise?: number): number;
  boolean(name: string, otherwise?: boolean): boolean;
  /** One of the words of `wanted`. */
  word<Word extends string>(name: string, wanted: readonly Word[], otherwise?: Word): Word;
  /** The fields of an object in this one. */
  fields(name: string): Fields;
  wrong(name: string, wanted: string): RetrieveError;
}

/** The fields of `json`, a parsed file; `place` is its path for errors. Throws `invalid_data` when it is no object. */
export function fieldsOf(json: unknown, place: string): Fields {
  if (!isObject(json)) {
    throw new RetrieveError("invalid_data", `${place}: wanted a JSON object, got ${JSON.stringify(json)}`);
  }
  const wrong = (name: string, wanted: string): RetrieveError => {
    const got = json[name] === undefined ? "nothing" : JSON.stringify(json[name]);
    return new RetrieveError("invalid_data", `${place}: wanted ${wanted} as \`${name}\`, got ${got}`);
  };
  const read = <Value>(
    name: string,
    otherwise: Value | undefined,
    is: (value: unknown) => value is Value,
    wanted: string,
  ): Value => {
    const value = json[name] ?? otherwise;
    if (!is(value)) throw wrong(name, wanted);
    return value;
  };
  return {
    wrong,
    has: (name) => json[name] !== undefined && json[name] !== null,
    value: (name) => json[name] ?? undefined,
    integer: (name, otherwise) => read(name, otherwise, isCount, "a whole number of at least 0"),
    number: (name, otherwise) => read(name, otherwise, isNumber, "a number"),
    boolean: (name, otherwise) => read(name, otherwise, isBoolean, "true or false"),
    word: (name, wanted, otherwise) => {
      const isWord = (value: unknown): value is (typeof wanted)[number] =>
        wanted.some((word) => word === value);
      return read(name, otherwise, isWord, `one of ${wanted.join(", ")}`);
    },
    fields: (name) => fieldsOf(json[name], `${place}, ${name}`),
  };
}

/** Parses the text of the file at `place`. Throws `invalid_data` naming it. */
export function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RetrieveError("invalid_data", `${place}: not valid JSON (${reason})`, { cause });
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

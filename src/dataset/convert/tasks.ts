/** Tasks as texts with an input and an output: FLAN (google-research/FLAN), UPRISE (microsoft/LMOps) and their like. */

import { listField, objectOf, textField } from "../fields.ts";
import type { Converted, Converter, ConverterOptions } from "./converter.ts";
import { negativesFrom } from "./negatives.ts";
import { fileIn, readItems } from "./place.ts";
import { isThere, rowOr } from "./texts.ts";

/** A solved instance of a task. */
export interface Instance {
  readonly input: string;
  readonly outputs: readonly string[];
}

/**
 * A file of `{input, output}`, or FLAN's `{inputs, targets}`; an output may be a list, and an `instruction` stands on a line
 * before the input. Each row asks for an instance, its candidates
 * are others of the same file, as input, line break and output, that nobody has labelled: a language model's likelihood tells
 * which of them help, see `retrieve score`. Default: 20 nearest by BM25. Memory: the file.
 */
export const convertTasks: Converter = async function* (source, options) {
  const { split = "train" } = options;
  const path = await fileIn(source, [`${split}.jsonl`, `${split}.json`]);
  const instances: Instance[] = [];
  for await (const { value, place } of readItems(path)) instances.push(instanceIn(value, place));
  yield* instanceRows(instances, options);
};

/** A row for each instance, with others as its candidates. */
export function* instanceRows(
  instances: readonly Instance[],
  options: ConverterOptions,
): Generator<Converted> {
  const { task = "icl", seed = 0 } = options;
  const usable = instances.filter(({ input, outputs }) => isThere(input) && outputs.length > 0);
  const pool = usable.map(({ input, outputs: [output = ""] }) => `${input}\n${output}`);
  const choose = negativesFrom(pool, options.negatives ?? { method: "bm25", count: 20 }, seed);
  let number = 0;
  for (const { input, outputs } of instances) {
    const [output] = outputs;
    if (!isThere(input)) yield { dropped: "no query" };
    else if (output === undefined) yield { dropped: "no output" };
    else {
      const queryId = number++;
      const neg = choose(input, queryId, [`${input}\n${output}`]).map((place) => pool[place] ?? "");
      yield rowOr({ query: input, pos: [], neg, answers: outputs, task, queryId });
    }
  }
}

function instanceIn(value: unknown, place: string): Instance {
  const fields = objectOf(value, place);
  const parts = ["instruction", "input" in fields ? "input" : "inputs"];
  const input = parts
    .map((name) => textField(fields, name, place, ""))
    .filter(isThere)
    .join("\n");
  const name = "output" in fields ? "output" : "targets";
  const outputs = Array.isArray(fields[name])
    ? listField(fields, name, place).map(String)
    : [textField(fields, name, place, "")];
  return { input, outputs: outputs.filter(isThere) };
}

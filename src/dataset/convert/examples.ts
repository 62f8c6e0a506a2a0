/** Solved examples to rows, in the form in which an index keeps and searches them. */

import { readExamples } from "../../retrieve/index.ts";
import type { Converter } from "./converter.ts";
import { fileIn } from "./place.ts";
import { type Instance, instanceRows } from "./tasks.ts";

/**
 * JSON Lines `{input, output, task?}` as `retrieve add examples` reads them; of a folder `SPLIT.jsonl`. As `tasks`, with the task
 * on a line of its own before the input, where an example has one. Memory: the file.
 */
export const convertExamples: Converter = async function* (source, options) {
  const path = await fileIn(source, [`${options.split ?? "train"}.jsonl`]);
  const instances: Instance[] = [];
  for await (const { input, output, task } of readExamples(path)) {
    const asked = task === undefined ? input : `${task}\n${input}`;
    instances.push({ input: asked, outputs: output.trim() === "" ? [] : [output] });
  }
  yield* instanceRows(instances, options);
};

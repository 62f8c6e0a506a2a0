/** Examples: solved instances of tasks. The key is the whole example, the query an input to be solved. */

import { type ExampleRow, readExamples, type SourceRecord } from "../../retrieve/index.ts";
import type { ExamplePiece } from "../compose/prompt.ts";
import { fieldsOf, hashOf, optionalTextField, textField } from "../fields.ts";
import type { Kind } from "./kind.ts";

/** JSON Lines `{ input, output, task?, _id | id? }`, or the same as records. */
export const examples: Kind<"examples"> = {
  name: "examples",
  task: "icl",
  async *read(sources, { signal }) {
    for (const source of sources) {
      if (typeof source !== "string") {
        const { id, ...example } = parseExample(source, "example");
        const hash = hashOf(example);
        yield exampleRecord(
          { ...example, id: id ?? hash.slice(0, 16), source: "examples", hash },
          "examples",
        );
        continue;
      }
      for await (const row of readExamples(source)) {
        signal?.throwIfAborted();
        yield exampleRecord(row, source);
      }
    }
  },
  present: (found) =>
    found.map(({ value, id, score }): ExamplePiece => ({ ...parseExample(value, id), id, score })),
};

function exampleRecord({ id, hash, task, input, output, source }: ExampleRow, origin: string): SourceRecord {
  const given = task === undefined ? {} : { task };
  return {
    id,
    hash: hashOf("example", hash, source),
    origin,
    documents: [
      {
        id,
        // The reference system's key is the input, a line break, the output.
        text: [...(task === undefined ? [] : [task]), input, output].join("\n"),
        value: { input, output, ...given },
        source,
        metadata: given,
      },
    ],
  };
}

function parseExample(
  value: unknown,
  place: string,
): Omit<ExamplePiece, "id" | "score"> & { readonly id?: string } {
  const fields = fieldsOf(value, place, `an example { "input", "output" }`);
  const id = optionalTextField(fields, "id", place);
  const task = optionalTextField(fields, "task", place);
  return {
    ...(id === undefined ? {} : { id }),
    input: textField(fields, "input", place),
    output: textField(fields, "output", place),
    ...(task === undefined ? {} : { task }),
  };
}

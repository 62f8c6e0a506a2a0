/** Natural Questions as DPR prepared it (facebookresearch/DPR, `data/download_data.py`: `biencoder-nq-{train,dev}.json`). */

import { listField, objectOf, textField } from "../fields.ts";
import type { Converter } from "./converter.ts";
import { fileIn, readItems } from "./place.ts";
import { rowOr, textsIn, titled } from "./texts.ts";

/**
 * One JSON array of gigabytes, read item by item: `question`, `answers`, `positive_ctxs`, `hard_negative_ctxs`, `negative_ctxs`,
 * each context with title and text. Negatives: the hard ones, then the others, at most 100. Some questions have no positive
 * context and are dropped.
 */
export const convertNq: Converter = async function* (source, { split = "train", task = "qa" }) {
  const path = await fileIn(source, [`biencoder-nq-${split}.json`, `nq-${split}.json`, `${split}.json`]);
  let number = 0;
  for await (const { value, place } of readItems(path)) {
    const fields = objectOf(value, place);
    const texts = (name: string): string[] =>
      listField(fields, name, place).map((context) => {
        const passage = objectOf(context, place);
        return titled(textField(passage, "title", place, ""), textField(passage, "text", place, ""));
      });
    const pos = textsIn(texts("positive_ctxs"));
    const neg = textsIn([...texts("hard_negative_ctxs"), ...texts("negative_ctxs")]);
    const answers = textsIn(listField(fields, "answers", place).map(String));
    const queryId = number++;
    if (pos.length === 0) yield { dropped: "no positive passage" };
    else {
      const query = textField(fields, "question", place, "").trim();
      const others = neg.filter((text) => !pos.includes(text)).slice(0, mostNegatives);
      yield rowOr({ query, pos, neg: others, task, queryId, ...(answers.length > 0 && { answers }) });
    }
  }
};

const mostNegatives = 100;

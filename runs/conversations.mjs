/**
 * Which form of a chat is the best query, for each method: `conversationQuery` has the winners.
 *
 *     node runs/conversations.mjs [queries of each part, default 250]
 *
 * Prints nDCG@10 on the train and dev parts of the conversation sets in $RETRIEVE_DATA (default ../shared/data), with
 * the mean of the four sets. Choose by train, look at dev.
 */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEncoder } from "#src/encoder/index.js";
import { evaluateRetrieval } from "#src/eval/index.js";
import { conversationQuery } from "#src/retrieve/index.js";

const data = process.env.RETRIEVE_DATA ?? "../shared/data";
const maxQueries = Number(process.argv[2] ?? 250);
const sets = ["conversation/mtrag_un", "conversation/cast2022", "conversation/cmu_dog", "tools/sgd"];

const newestFirst = ({ history }) => history.map(({ text }) => text).toReversed();
const joined = (texts) => texts.join(" ");
const cut = (text, length) => (text.length <= length ? text : text.slice(0, text.lastIndexOf(" ", length)));
/** The encoder reads the last turn and the beginnings of `count` before it, newest first; BM25 the last turn alone. */
const read = (count, { only = () => true, length = Number.POSITIVE_INFINITY } = {}) => {
  return (query) => {
    const before = newestFirst({ history: query.history.filter(only) }).slice(0, count);
    return {
      text: joined([query.text, ...before.map((text) => cut(text, length))]),
      lexical: [{ text: query.text, weight: 1 }],
    };
  };
};
/** BM25 reads every turn; the one `age` before the last weighs so much. */
const weigh = (weight) => (query) => ({
  text: query.text,
  lexical: [query.text, ...newestFirst(query)].map((text, age) => ({ text, weight: weight(age) })),
});
const both = (texts, words) => (query) => ({ text: texts(query).text, lexical: words(query).lexical });
const isUser = ({ role }) => role === "user";

const lexicalForms = {
  "last turn": "last",
  "user turns, equal": "user",
  "all turns, equal": "all",
  "all turns, 0.3^age": weigh((age) => 0.3 ** age),
  "all turns, 0.5^age": weigh((age) => 0.5 ** age),
  "all turns, 0.3 · 0.5^(age-1)": weigh((age) => (age === 0 ? 1 : 0.3 * 0.5 ** (age - 1))),
  "all turns, older 0.3": weigh((age) => (age === 0 ? 1 : 0.3)),
};
const denseForms = {
  "last turn": read(0),
  "last, 1 before": read(1),
  "last, 2 before": read(2),
  "last, 4 before": read(4),
  "last, 2 user turns before": read(2, { only: isUser }),
  "last, 60 characters of 2 before": read(2, { length: 60 }),
  "last, 100 characters of 2 before": read(2, { length: 100 }),
  "last, 150 characters of 2 before": read(2, { length: 150 }),
  "last, 100 characters of 4 before": read(4, { length: 100 }),
  "all turns, newest first": "all",
};
const forms = {
  bm25: lexicalForms,
  dense: denseForms,
  hybrid: {
    ...denseForms,
    "last, 100 characters of 2 before; words 0.3^age": both(
      read(2, { length: 100 }),
      lexicalForms["all turns, 0.3^age"],
    ),
    "last; words 0.3^age": lexicalForms["all turns, 0.3^age"],
  },
};
for (const [method, table] of Object.entries(forms)) {
  table.default = ({ history, text }) =>
    conversationQuery(
      history.map((turn) => turn.text),
      text,
      method,
    );
}

const encoder = await openEncoder("mini");
const parts = ["train", "dev"].flatMap((split) => sets.map((set) => ({ split, set })));
const names = parts.map(({ set, split }) => `${set.split("/")[1]} ${split}`);
const header = ["method", "form", ...names.slice(0, 4), "mean train", ...names.slice(4), "mean dev"];
console.log(`| ${header.join(" | ")} |\n|${header.map(() => "---").join("|")}|`);
for (const [method, table] of Object.entries(forms)) {
  for (const [name, history] of Object.entries(table)) {
    const values = [];
    for (const { set, split } of parts) {
      const [{ report }] = await evaluateRetrieval({
        folder: join(data, set),
        split,
        methods: [method],
        encoder,
        history,
        maxQueries,
        cacheFolder: join(tmpdir(), "retrieve-vectors"),
      });
      values.push(report.metrics["nDCG@10"]);
    }
    const mean = (four) => four.reduce((sum, value) => sum + value, 0) / four.length;
    const cells = [
      ...values.slice(0, 4),
      mean(values.slice(0, 4)),
      ...values.slice(4),
      mean(values.slice(4)),
    ];
    console.log(`| ${[method, name, ...cells.map((cell) => cell.toFixed(3))].join(" | ")} |`);
  }
}
await encoder.close();

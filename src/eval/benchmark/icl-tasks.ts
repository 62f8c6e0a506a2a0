/** The 30 tasks of LLM-Embedder's evaluation of in-context learning, in its 9 categories (arXiv 2310.07554, table 7). */

export type IclMetric =
  | "accuracy" // the likeliest option is the right one
  | "F1" // of the option `1` over the task
  | "exactMatch" // of what is written, after SQuAD's normalisation
  | "ROUGE-L"; // of what is written

export interface IclTask {
  readonly category: string;
  readonly metric: IclMetric;
  /** Its name in the pool, where that differs. */
  readonly pool?: string;
}

export const iclTasks: Readonly<Record<string, IclTask>> = {
  arc_c: { category: "CQA", metric: "accuracy" },
  arc_e: { category: "CQA", metric: "accuracy" },
  natural_questions: { category: "CQA", metric: "exactMatch" },
  copa: { category: "Commonsense", metric: "accuracy" },
  hellaswag: { category: "Commonsense", metric: "accuracy" },
  piqa: { category: "Commonsense", metric: "accuracy" },
  winogrande: { category: "Coreference", metric: "accuracy" },
  wsc: { category: "Coreference", metric: "accuracy" },
  wsc273: { category: "Coreference", metric: "accuracy" },
  mrpc: { category: "Paraphrase", metric: "accuracy" },
  paws: { category: "Paraphrase", metric: "accuracy" },
  qqp: { category: "Paraphrase", metric: "accuracy" },
  rte: { category: "NLI", metric: "accuracy" },
  snli: { category: "NLI", metric: "accuracy" },
  mnli_m: { category: "NLI", metric: "accuracy", pool: "mnli" },
  mnli_mm: { category: "NLI", metric: "accuracy", pool: "mnli" },
  qnli: { category: "NLI", metric: "accuracy" },
  multirc: { category: "Reading", metric: "F1" },
  openbookqa: { category: "Reading", metric: "accuracy" },
  boolq: { category: "Reading", metric: "accuracy" },
  squad_v1: { category: "Reading", metric: "exactMatch" },
  sentiment140: { category: "Sentiment", metric: "accuracy" },
  sst2: { category: "Sentiment", metric: "accuracy" },
  yelp: { category: "Sentiment", metric: "accuracy" },
  common_gen: { category: "Data2Text", metric: "ROUGE-L" },
  e2e_nlg: { category: "Data2Text", metric: "ROUGE-L" },
  dart: { category: "Data2Text", metric: "ROUGE-L" },
  aeslc: { category: "Summarize", metric: "ROUGE-L" },
  ag_news: { category: "Summarize", metric: "accuracy" },
  gigaword: { category: "Summarize", metric: "ROUGE-L" },
};

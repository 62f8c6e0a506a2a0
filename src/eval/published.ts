/**
 * What *Retrieve Anything To Augment Large Language Models* reports (arXiv 2310.07554, tables 1, 2, 3, 4 and 12), to stand
 * beside own results, marked as published. Where a table gives no other, the language model is Llama-2-7B-chat.
 */

import type { PublishedResult } from "./report/data.ts";

const paper = "arXiv 2310.07554";
const llama = "Llama-2-7B-chat";

interface Column {
  readonly benchmark: string;
  readonly metric: string;
  readonly llm: string | null;
  readonly group?: string;
}

const mmlu = (metric: string): Column => ({ benchmark: "mmlu", metric, llm: llama });
const popqa: Column = { benchmark: "popqa", metric: "accuracy", llm: llama };
const icl = (metric: string): Column => ({ benchmark: "icl", metric, llm: llama });
const msc: Column = { benchmark: "msc", metric: "perplexity", llm: llama };
const lrlm = (group: string): Column => ({ benchmark: "lrlm", metric: "perplexity", llm: llama, group });
const tool: Column = { benchmark: "tool", metric: "nDCG@5", llm: null };
const convsearch: Column = { benchmark: "convsearch", metric: "nDCG@3", llm: null };

/** A line a method; `-` where the paper has no number. */
interface Table {
  readonly number: number;
  readonly columns: readonly Column[];
  readonly rows: Readonly<Record<string, string>>;
}

const tables: readonly Table[] = [
  {
    number: 1,
    columns: [...["STEM", "Social sciences", "Humanities", "Other", "accuracy"].map(mmlu), popqa],
    rows: {
      none: ".3468 .5328 .5094 .4967 .4599 .2061",
      BM25: ".3760 .5378 .5051 .5088 .4721 .3491",
      Instructor: ".3702 .5406 .5111 .5082 .4721 .3533",
      Contriever: ".3677 .5383 .5080 .5013 .4684 .3276",
      "RetroMAE-BEIR": ".3857 .5456 .5221 .5276 .4853 .4364",
      BGE: ".3852 .5564 .5194 .5389 .4896 .4491",
      AAR: ".3802 .5501 .5125 .5288 .4826 .4792",
      "API-Retriever": ".3535 .5335 .4999 .5068 .4625 .2488",
      "LLM-R": ".3629 .5277 .5018 .4984 .4625 .2506",
      "LLM-Embedder": ".3848 .5568 .5255 .5360 .4903 .5052",
    },
  },
  {
    number: 2,
    columns: [
      ...["CQA", "Commonsense", "Coreference", "Paraphrase", "NLI", "Reading", "Sentiment", "Data2Text"].map(
        icl,
      ),
      ...["Summarize", "score"].map(icl),
    ],
    rows: {
      none: ".2923 .7212 .6578 .5242 .4478 .4892 .7077 .1982 .1447 .4645",
      BM25: ".3603 .7019 .6029 .5059 .4583 .5396 .7284 .3019 .1555 .4840",
      Instructor: ".5003 .7772 .5735 .6312 .5360 .6219 .9148 .4595 .4572 .6036",
      Contriever: ".4912 .7723 .5624 .6358 .5466 .6297 .9141 .4380 .4444 .6009",
      "RetroMAE-BEIR": ".4594 .7742 .5840 .5755 .5408 .6029 .9286 .4661 .4465 .5939",
      BGE: ".4718 .7773 .5550 .6171 .5413 .5988 .9281 .4719 .4521 .5974",
      AAR: ".4809 .7796 .5848 .5890 .5354 .6039 .9210 .4445 .4410 .5938",
      "API-Retriever": ".4765 .7620 .5465 .6266 .5204 .6096 .9245 .4866 .4424 .5945",
      "LLM-R": ".5165 .7802 .5830 .6567 .6145 .6223 .9059 .4777 .4878 .6262",
      "LLM-Embedder": ".5163 .7842 .5927 .6556 .6041 .6318 .9224 .4731 .4742 .6268",
    },
  },
  {
    number: 3,
    columns: [msc, ...["books3", "arxiv", "codeparrot", "pg19"].map(lrlm), tool, convsearch],
    rows: {
      none: "19.3501 8.8193 3.7647 2.7663 10.2510 - -",
      recency: "13.9569 8.7391 3.4158 2.5989 10.2216 - -",
      BM25: "14.6512 8.6576 3.3106 2.4591 10.1960 .5115 .4341",
      Instructor: "14.8799 8.6619 3.3546 2.4756 10.2011 .3882 .2863",
      Contriever: "14.2129 8.6460 3.2709 2.4437 10.1616 .4904 .3563",
      "RetroMAE-BEIR": "14.3990 8.6376 3.2903 2.4592 10.1731 .5205 .4037",
      BGE: "14.2943 8.6311 3.2912 2.4578 10.1541 .5761 .3856",
      AAR: "14.6999 8.6381 3.3260 2.4666 10.1808 .4200 .2877",
      "API-Retriever": "14.7834 8.6722 3.3858 2.4919 10.1833 .8017 .1137",
      "Conv-ANCE": "- - - - - - .4560",
      "LLM-R": "14.4746 8.6619 3.3635 2.4724 10.2024 .1321 .0234",
      "LLM-Embedder": "13.4832 8.6080 3.2322 2.4303 10.1185 .8645 .5053",
    },
  },
  {
    number: 4,
    columns: [mmlu("accuracy"), popqa, icl("score"), msc, lrlm("arxiv"), tool, convsearch],
    rows: {
      "LLM-Embedder without rewards": ".4872 .4794 .6217 13.9176 3.2495 .8927 .4945",
      "LLM-Embedder without instructions": ".4776 .5025 .6211 13.9125 3.2383 .8192 .5029",
      "LLM-Embedder without homogeneous batches": ".4791 .4520 .6200 14.0441 3.2558 .8364 .4563",
      "LLM-Embedder with plain distillation": ".4815 .5027 .6105 13.6090 3.2441 .7905 .4865",
    },
  },
  ...otherModels({
    "Aquila-7B-chat": [
      ".4499 .2028 .5145 16.0108 3.1204",
      ".4832 .3982 .5732 14.1843 2.7914",
      ".4847 .4405 .5903 14.1836 2.7351",
    ],
    "Qwen-7B-chat": [
      ".5561 .2393 .5346 21.0466 2.7888",
      ".5787 .4447 .6329 16.2064 2.5165",
      ".5762 .4782 .6457 15.4524 2.4824",
    ],
    "Baichuan2-7B-chat": [
      ".5226 .2356 .4907 18.9711 2.7510",
      ".5534 .4407 .5960 16.0759 2.4440",
      ".5511 .4848 .6179 15.5890 2.4131",
    ],
    "Llama-2-13B-chat": [
      ".5386 .2886 .4607 14.7334 3.2357",
      ".5603 .4595 .6196 11.6875 2.9036",
      ".5580 .5026 .6439 11.5384 2.8540",
    ],
  }),
];

/** Table 12: no retrieval, BGE and LLM-Embedder with other language models. */
function otherModels(models: Readonly<Record<string, readonly [string, string, string]>>): Table[] {
  return Object.entries(models).map(([llm, [none, bge, own]]) => ({
    number: 12,
    columns: [mmlu("accuracy"), popqa, icl("score"), msc, lrlm("arxiv")].map((column) => ({
      ...column,
      llm,
    })),
    rows: { none, BGE: bge, "LLM-Embedder": own },
  }));
}

/** All numbers, table by table. */
export const published: readonly PublishedResult[] = tables.flatMap(({ number, columns, rows }) =>
  Object.entries(rows).flatMap(([method, line]) =>
    line.split(" ").flatMap((cell, at) => {
      const column = columns[at];
      if (column === undefined || cell === "-") return [];
      return [{ ...column, method, value: Number(cell), source: `${paper}, table ${number}` }];
    }),
  ),
);

/** Perplexity of a benchmark by a real language model, against NumPy straight from its checkpoint. */

import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { openLanguageModel } from "#src/llm/index.js";
import { folderWith } from "../../support/benchmark-folder.ts";
import { run } from "../../support/benchmark-run.ts";
import { storiesModel } from "../../support/gguf.ts";

interface Golden {
  readonly chats: readonly object[];
  readonly none: { readonly losses: readonly number[]; readonly perplexity: number };
  readonly recency: { readonly losses: readonly number[]; readonly perplexity: number };
}

const golden: Golden = JSON.parse(
  readFileSync(new URL("../../golden/perplexity.json", import.meta.url), "utf8"),
);
const file = storiesModel();

describe.skipIf(file === undefined)("msc with stories260K", () => {
  afterAll(() => file?.remove());

  it("has the perplexity that NumPy gives, with and without what was found", async () => {
    const model = await openLanguageModel(`llama:${file?.path}`, { cache: "F32", threads: 1 });
    try {
      const folder = folderWith({ "test.json": golden.chats });
      const runs = await run("msc", folder, { model, methods: ["none", "recency"] });
      for (const { receipt, results } of runs) {
        const wanted = receipt.system.method === "none" ? golden.none : golden.recency;
        for (const [at, { metrics }] of results.entries()) {
          expect(Math.abs((metrics["nll"] ?? Number.NaN) - (wanted.losses[at] ?? Number.NaN))).toBeLessThan(
            1e-4,
          );
        }
        expect(Math.abs((receipt.metrics["perplexity"] ?? Number.NaN) / wanted.perplexity - 1)).toBeLessThan(
          1e-4,
        );
      }
    } finally {
      await model.close();
    }
  });
});

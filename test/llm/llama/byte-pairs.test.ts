/** A model with the tokens of GPT-2, of the kind that Llama 3 and Qwen have, and no mark of the beginning: in process and served. */

import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { openLanguageModel } from "#src/llm/index.js";
import { serveCompletions } from "#src/serve/index.js";
import { bytePairModel } from "../../support/gguf.ts";

interface Case {
  readonly prompt: string;
  readonly continuation: string;
  readonly tokens: number;
  readonly own: number;
}

const cases: Case[] = JSON.parse(
  readFileSync(new URL("../../golden/byte-pairs.json", import.meta.url), "utf8"),
);
const file = bytePairModel();

describe.skipIf(file === undefined)("byte-level BPE", async () => {
  if (file === undefined) return;
  const model = await openLanguageModel(`llama:${file.path}`, {
    ...{ contextLength: 256, cache: "F32", threads: 1 },
  });
  const server = await serveCompletions({ llm: model, id: "pairs" });
  const served = await openLanguageModel(`openai:pairs@${server.url}`);
  afterAll(async () => {
    await server.close();
    await model.close();
    file.remove();
  });

  it.each(cases)("scores the tokens that Hugging Face finds: $prompt|$continuation", async (given) => {
    const { prompt, continuation } = given;
    expect(await model.countTokens?.(prompt + continuation)).toBe(given.tokens);
    const [score] = (await model.score?.(prompt, [continuation])) ?? [];
    expect(score?.logProbabilities).toHaveLength(given.own);
    const [other] = (await served.score?.(prompt, [continuation])) ?? [];
    expect(other?.logProbabilities).toHaveLength(given.own);
    for (const [at, value] of (score?.logProbabilities ?? []).entries()) {
      // Weights of 16 bits: batches of other sizes round otherwise.
      expect(Math.abs((other?.logProbabilities[at] ?? Number.NaN) - value)).toBeLessThan(1e-3);
    }
  });

  it("cuts texts at its own tokens, whatever they begin with", async () => {
    for (const { prompt, continuation } of cases) {
      const text = continuation + prompt;
      const cut = (await model.truncate?.(text, 3)) ?? "";
      expect(text.startsWith(cut)).toBe(true);
      expect(cut).not.toBe("");
    }
  });

  it("refuses a first token that nothing stands before", async () => {
    await expect(model.score?.("", ["Paris is big"])).rejects.toThrow(
      /no mark of the beginning.*give it a prompt/,
    );
    await expect(served.score?.("", ["Paris is big"])).rejects.toMatchObject({ code: "invalid_argument" });
  });
});

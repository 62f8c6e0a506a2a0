/** Rewards by each method, each under its name. */

import { describe, expect, it } from "vitest";
import { type LanguageModel, openLanguageModel, type RewardMethod, reward } from "#src/llm/index.js";
import { bigramModel, logProbability } from "../support/bigram-model.ts";
import { sendEvents, sendJson, smallServer } from "../support/http-server.ts";

const prompt = "The capital of France is";

describe("over a model that scores", () => {
  const model = bigramModel();

  it("likelihood is the mean log-probability of an answer's tokens; the best answer counts", async () => {
    const paris = logProbability(" is", " Paris");
    const rome = (logProbability(" is", " Rome") + logProbability(" Rome", ",")) / 2;
    const found = await reward(model, "likelihood", { prompt, answers: [" Rome,", " Paris"] });
    expect(found).toEqual({ method: "likelihood", value: paris, values: [rome, paris] });
  });

  it("generation is compared with the answers", async () => {
    const answers = ["Paris", "Paris and Rome", "Rome"];
    expect(await reward(model, "generation-em", { prompt, answers })).toEqual({
      method: "generation-em",
      value: 1,
      values: [1, 0, 0],
    });
    const f1 = await reward(model, "generation-f1", { prompt, answers });
    expect(f1).toEqual({ method: "generation-f1", value: 1, values: [1, 0.5, 0] });
  });

  it("yes-no adds up the variants of each word", async () => {
    // Both are unknown to the model: 6 variants each of the same probability, the ones without a space merging.
    const { value, bounded } = await reward(model, "yes-no", { prompt: "Is it so?", answers: [] });
    expect(value).toBeCloseTo(0, 12);
    expect(bounded).toBeUndefined();
  });

  it("wants answers", async () => {
    for (const answers of [[], [""], ["Paris", " "]]) {
      await expect(reward(model, "likelihood", { prompt, answers })).rejects.toMatchObject({
        code: "invalid_argument",
      });
    }
  });
});

it("a model that only generates is not asked for likelihoods, nor silently for something else", async () => {
  const { score: _, ...model } = bigramModel();
  for (const method of ["likelihood", "yes-no"] satisfies RewardMethod[]) {
    await expect(reward(model, method, { prompt, answers: [" Paris"] })).rejects.toMatchObject({
      code: "unsupported",
    });
  }
});

describe("yes-no over a server", () => {
  async function asked(top: Record<string, number>, chat: boolean): Promise<unknown> {
    await using server = await smallServer((response, { path, body }) => {
      const most = path.endsWith("/chat/completions") ? 20 : 5;
      const count = body.top_logprobs ?? body.logprobs;
      if (count > most) return sendJson(response, { error: { message: `at most ${most}` } }, 400);
      const content = [
        { token: "yes", top_logprobs: Object.entries(top).map(([token, logprob]) => ({ token, logprob })) },
      ];
      sendJson(response, {
        choices: [{ text: "x", logprobs: chat ? { content } : { top_logprobs: [top] } }],
      });
    });
    const model = await openLanguageModel(`openai:m@${server.origin}`);
    const found = await reward(model, "yes-no", { prompt: "Is it?", answers: [] }, { chat });
    const [last] = server.received.slice(-1);
    expect(last).toMatchObject({ body: { max_tokens: 1, temperature: 0 } });
    expect(last?.body).not.toHaveProperty("stream");
    expect(last?.body).toMatchObject(
      chat ? { messages: [{ role: "user", content: "Is it?" }] } : { prompt: "Is it?" },
    );
    return found;
  }

  it.each([true, false])("adds casings and spaces up (chat %s)", async (chat) => {
    const top = { Yes: Math.log(0.5), " yes": Math.log(0.1), No: Math.log(0.15), Maybe: Math.log(0.2) };
    expect(await asked(top, chat)).toEqual({
      method: "yes-no",
      value: expect.closeTo(Math.log(0.6 / 0.15), 12),
      values: [expect.closeTo(Math.log(0.6 / 0.15), 12)],
    });
  });

  it("tells which word is only bounded", async () => {
    const top = { Yes: Math.log(0.5), Sure: Math.log(0.3), Hm: Math.log(0.05) };
    expect(await asked(top, true)).toMatchObject({
      value: expect.closeTo(Math.log(10), 12),
      bounded: ["no"],
    });
    expect(await asked({ Sure: -1, Hm: -2 }, true)).toMatchObject({ value: 0, bounded: ["yes", "no"] });
  });

  it("refuses a server that tells no tokens", async () => {
    await using server = await smallServer((response) =>
      sendJson(response, { choices: [{ message: { content: "Yes" }, logprobs: null }] }),
    );
    const model: LanguageModel = await openLanguageModel(`openai:m@${server.origin}`);
    await expect(reward(model, "yes-no", { prompt: "?", answers: [] }, { chat: true })).rejects.toMatchObject(
      {
        code: "unsupported",
        message: expect.stringContaining("0 likeliest tokens"),
      },
    );
  });
});

it("generation over a chat server sends a message, without a stop", async () => {
  await using server = await smallServer((response) =>
    sendEvents(response, [{ choices: [{ delta: { content: "The Paris." }, finish_reason: "stop" }] }]),
  );
  const model = await openLanguageModel(`openai:m@${server.origin}`);
  const found = await reward(model, "generation-em", { prompt, answers: [" Paris"] }, { chat: true });
  expect(found.value).toBe(1);
  expect(server.received[0]?.body).toMatchObject({
    messages: [{ role: "user", content: prompt }],
    max_tokens: 64,
  });
  expect(server.received[0]?.body).not.toHaveProperty("stop");
});

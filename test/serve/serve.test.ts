/** The served model against the same model asked directly, through the client and the probe of this package and by hand. */

import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type LanguageModel, openLanguageModel } from "#src/llm/index.js";
import { type RunningServer, serveCompletions } from "#src/serve/index.js";
import { bigramModel, logProbabilities, tokenize } from "../support/bigram-model.ts";
import { collect } from "../support/collect.ts";

const model = bigramModel();
let server: RunningServer;
beforeAll(async () => {
  server = await serveCompletions({ llm: model, id: "tiny" });
});
afterAll(() => server.close());

interface Sent {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReturnType<typeof JSON.parse>;
}

async function post(path: string, body: unknown, to: RunningServer = server): Promise<Sent> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(to.url + path, { method: "POST", body: text });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const prompt = "The capital of France is";

describe("through the client of this package", () => {
  let client: LanguageModel;
  const notices: string[] = [];
  beforeAll(async () => {
    client = await openLanguageModel(`openai:tiny@${server.url}`, {
      onNotice: (notice) => notices.push(notice),
    });
  });

  it("passes the probe and scores as the model itself does", async () => {
    const continuations = [" Paris", " Rome, and the", " 🦊 é", ".", " Paris. The dog is lazy.", ""];
    for (const before of [prompt, "The cap", "A 🦊", "東京"]) {
      expect(await client.score!(before, continuations)).toEqual(await model.score!(before, continuations));
    }
    expect(notices).toEqual([
      expect.stringMatching(/scores by echo, 16 texts a request; \d tokens agree .* to 0\.0+$/),
    ]);
    expect(client.contextLength).toBe(200);
    expect(await client.countTokens!("The 🦊 dog")).toBe(4);
  });

  it("has another name with other weights under the same id", async () => {
    const other = await serveCompletions({ llm: { ...model, name: "other" }, id: "tiny" });
    const { port } = new URL(server.url);
    const names = await Promise.all(
      [server, other].map(async ({ url }) => (await openLanguageModel(`openai:tiny@${url}`)).name),
    );
    await other.close();
    expect(names[0]).toMatch(new RegExp(`^openai:tiny@http://127\\.0\\.0\\.1:${port}/v1#[0-9a-f]{12}$`));
    expect(names[0]?.split("#")[1]).not.toBe(names[1]?.split("#")[1]);
  });

  it("generates as the model itself does", async () => {
    for (const options of [{}, { maxTokens: 3 }, { stop: [" is"] }]) {
      for (const input of [
        { prompt: "The dog" },
        { messages: [{ role: "user", content: "The dog" }] },
      ] as const) {
        expect(await collect(client.generate(input, options))).toEqual(
          await collect(model.generate(input, options)),
        );
      }
    }
  });
});

describe("/v1/completions", () => {
  it("echoes a text with its log-probabilities, the first without one", async () => {
    const text = "The 🦊 dog";
    const { status, body } = await post("/v1/completions", {
      prompt: text,
      max_tokens: 0,
      echo: true,
      logprobs: 1,
    });
    const [, ...values] = logProbabilities(tokenize(text));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: expect.stringMatching(/^cmpl-/),
      object: "text_completion",
      model: "tiny",
      choices: [
        {
          index: 0,
          text,
          finish_reason: "length",
          logprobs: {
            tokens: ["The", " ", "🦊", " dog"],
            token_logprobs: [null, ...values],
            text_offset: [0, 3, 4, 5],
            top_logprobs: null,
          },
        },
      ],
      usage: { prompt_tokens: 4, completion_tokens: 0, total_tokens: 4 },
    });
  });

  it("tells the log-probabilities of what it generates, of each prompt", async () => {
    const { body } = await post("/v1/completions", {
      prompt: [prompt, "The dog"],
      max_tokens: 1,
      logprobs: 0,
      temperature: 0,
    });
    const [first, second] = body.choices;
    expect(first).toMatchObject({ index: 0, text: " Paris", finish_reason: "length" });
    expect(first.logprobs).toMatchObject({ tokens: [" Paris"], text_offset: [prompt.length] });
    expect(first.logprobs.token_logprobs).toEqual([logProbabilities(tokenize(`${prompt} Paris`)).at(-1)]);
    expect(second).toMatchObject({ index: 1, text: " is" });
    expect(body.usage).toEqual({ prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 });
  });

  it("streams, with what was asked for and how it ends", async () => {
    const body = { prompt: "The dog", echo: true, stream: true, stream_options: { include_usage: true } };
    const response = await fetch(`${server.url}/v1/completions`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const events = (await response.text()).split("\n\n").filter(Boolean);
    expect(events.at(-1)).toBe("data: [DONE]");
    const values = events.slice(0, -1).map((event) => JSON.parse(event.slice("data: ".length)));
    const texts = values.flatMap(({ choices }) => choices.map(({ text }: { text: string }) => text));
    expect(texts.slice(0, 2)).toEqual(["The dog", " is"]);
    expect(values.at(-2).choices[0].finish_reason).toMatch(/stop|length/);
    expect(values.at(-1).usage.prompt_tokens).toBe(2);
  });

  it.each([
    ["no JSON", "{", /no JSON/],
    ["no prompt", {}, /^prompt: /],
    ["tokens for texts", { prompt: [1, 2] }, /^prompt: .*/],
    ["no texts", { prompt: [] }, /^prompt: /],
    ["a wrong limit", { prompt: "x", max_tokens: -1 }, /^max_tokens: /],
    ["several answers", { prompt: "x", n: 2 }, /^n: not supported/],
    ["a nucleus", { prompt: "x", top_p: 0.9 }, /^top_p: not supported/],
    ["biases", { prompt: "x", logit_bias: { 50256: -100 } }, /^logit_bias: /],
    ["a suffix", { prompt: "x", suffix: "y" }, /^suffix: not supported/],
    ["other tokens", { prompt: "x", logprobs: 5 }, /^logprobs: this server tells/],
    [
      "a stream of log-probabilities",
      { prompt: "x", logprobs: 1, stream: true },
      /^logprobs: not with stream/,
    ],
  ])("refuses %s in OpenAI's words", async (_name, sent, message) => {
    const { status, body } = await post("/v1/completions", sent);
    expect(status).toBe(400);
    expect(body).toEqual({
      error: {
        message: expect.stringMatching(message),
        type: "invalid_request_error",
        param: expect.toBeOneOf([null, expect.any(String)]),
        code: null,
      },
    });
  });

  it("tells what the model refuses, and hides no fault of it", async () => {
    const failing: LanguageModel = {
      ...model,
      score: async () => {
        throw new TypeError("a bug");
      },
    };
    const { score: _, ...mute } = model;
    const served = await serveCompletions({ llm: failing });
    const other = await serveCompletions({ llm: mute });
    const asked = { prompt: "x", echo: true, logprobs: 1, max_tokens: 0 };
    expect(await post("/v1/completions", asked, served)).toMatchObject({
      status: 500,
      body: { error: { message: "a bug", type: "server_error" } },
    });
    expect(await post("/v1/completions", asked, other)).toMatchObject({
      status: 400,
      body: { error: { param: "logprobs" } },
    });
    await Promise.all([served.close(), other.close()]);
  });
});

describe("/v1/chat/completions", () => {
  it("answers whole and with calls of tools", async () => {
    const seen: unknown[] = [];
    const calling: LanguageModel = {
      ...model,
      async *generate(...asked) {
        seen.push(...asked);
        yield { type: "text", text: "Let me see." };
        yield { type: "toolCall", call: { id: "c1", name: "add", arguments: '{"a":1}' } };
        yield { type: "end", reason: "toolCalls", usage: { promptTokens: 3, outputTokens: 4 } };
      },
    };
    await using served = Object.assign(await serveCompletions({ llm: calling }), {
      async [Symbol.asyncDispose]() {
        await served.close();
      },
    });
    const call = { id: "c0", type: "function", function: { name: "add", arguments: "{}" } };
    const sent = {
      messages: [
        {
          role: "developer",
          content: [
            { type: "text", text: "Be " },
            { type: "text", text: "brief." },
          ],
        },
        { role: "assistant", content: null, tool_calls: [call] },
        { role: "tool", content: "3", tool_call_id: "c0" },
      ],
      tools: [{ type: "function", function: { name: "add" } }],
      temperature: 0,
      max_completion_tokens: 5,
    };
    const { body } = await post("/v1/chat/completions", sent, served);
    const made = { id: "c1", type: "function", function: { name: "add", arguments: '{"a":1}' } };
    expect(body).toMatchObject({
      object: "chat.completion",
      choices: [
        {
          message: { role: "assistant", content: "Let me see.", tool_calls: [made] },
          finish_reason: "tool_calls",
        },
      ],
      usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
    });
    expect(seen).toMatchObject([
      {
        messages: [
          { role: "system", content: "Be brief." },
          { role: "assistant", content: "", toolCalls: [{ id: "c0", name: "add", arguments: "{}" }] },
          { role: "tool", content: "3", toolCallId: "c0" },
        ],
      },
      {
        temperature: 0,
        maxTokens: 5,
        tools: [{ name: "add", parameters: { type: "object", properties: {} } }],
      },
    ]);
    const client = await openLanguageModel(`openai:bigram@${served.url}`);
    const events = await collect(client.generate({ messages: [{ role: "user", content: "x" }] }));
    expect(events).toEqual(await collect(calling.generate({ prompt: "x" })));
  });

  it("refuses what it cannot honour", async () => {
    const messages = [{ role: "user", content: "x" }];
    for (const sent of [
      {},
      { messages: [] },
      { messages: [{ role: "robot", content: "x" }] },
      { messages, logprobs: true },
      { messages, tool_choice: "required" },
    ]) {
      expect(await post("/v1/chat/completions", sent)).toMatchObject({
        status: 400,
        body: { error: { type: "invalid_request_error" } },
      });
    }
  });
});

describe("the server", () => {
  it("lists its model and refuses another", async () => {
    const list = await (await fetch(`${server.url}/v1/models`)).json();
    expect(list).toMatchObject({
      object: "list",
      data: [{ id: "tiny", owned_by: "retrieve-anything", max_model_len: 200 }],
    });
    expect(await post("/v1/completions", { model: "huge", prompt: "x" })).toMatchObject({
      status: 404,
      body: { error: { param: "model" } },
    });
  });

  it("knows its paths and methods", async () => {
    expect(await post("/v1/embeddings", {})).toMatchObject({ status: 404 });
    const wrong = await fetch(`${server.url}/v1/completions`);
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("takes bodies up to its limit, told or not", async () => {
    const small = await serveCompletions({ llm: model, maxBodyBytes: 1000 });
    const long = JSON.stringify({ prompt: "x".repeat(2000) });
    expect(await post("/v1/completions", long, small)).toMatchObject({ status: 413 });
    const chunked = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(`${small.url}/v1/completions`, { method: "POST" }, ({ statusCode }) =>
        resolve(statusCode),
      );
      sent.on("error", reject);
      sent.write(long);
      sent.end();
    });
    expect(chunked).toBe(413);
    expect(await post("/v1/completions", { prompt: "The", max_tokens: 1 }, small)).toMatchObject({
      status: 200,
    });
    await small.close();
  });

  it("tells those who are too many to come back", async () => {
    let free = (): void => {};
    const slow: LanguageModel = {
      ...model,
      score: async () => {
        await new Promise<void>((resolve) => {
          free = resolve;
        });
        return [{ tokens: ["x"], logProbabilities: [-1] }];
      },
    };
    const narrow = await serveCompletions({ llm: slow, maxRequests: 1 });
    const asked = { prompt: "x", echo: true, logprobs: 1, max_tokens: 0 };
    const first = post("/v1/completions", asked, narrow);
    await vi.waitFor(async () => {
      const second = await post("/v1/completions", asked, narrow);
      expect([second.status, second.headers.get("retry-after")]).toEqual([429, "1"]);
    });
    free();
    expect(await first).toMatchObject({ status: 200 });
    await narrow.close();
  });

  it("ends work whose client is gone", async () => {
    const ended = vi.fn();
    const endless: LanguageModel = {
      ...model,
      async *generate(_input, { signal } = {}) {
        signal?.addEventListener("abort", ended);
        while (signal?.aborted !== true) {
          yield { type: "text", text: "x" };
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      },
    };
    const served = await serveCompletions({ llm: endless });
    for (const stream of [true, false]) {
      ended.mockClear();
      const gone = new AbortController();
      const body = JSON.stringify({ prompt: "x", stream });
      const response = fetch(`${served.url}/v1/completions`, { method: "POST", body, signal: gone.signal });
      response.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 50));
      gone.abort();
      await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce());
    }
    await served.close();
  });

  it("lets those that run end when it stops", async () => {
    const served = await serveCompletions({ llm: model });
    const running = post("/v1/completions", { prompt: "The", max_tokens: 15, temperature: 0 }, served);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const start = performance.now();
    const [answer] = await Promise.all([running, served.close()]);
    expect(answer.status).toBe(200);
    expect(performance.now() - start).toBeLessThan(2000);
    await expect(fetch(`${served.url}/v1/models`)).rejects.toThrow();
  });

  it("is for this machine alone unless it is told otherwise, and then wants a key", async () => {
    await expect(serveCompletions({ llm: model, host: "0.0.0.0" })).rejects.toMatchObject({
      code: "not_allowed",
    });
    const open = await serveCompletions({ llm: model, host: "0.0.0.0", key: "secret" });
    const url = open.url.replace("0.0.0.0", "127.0.0.1");
    expect((await fetch(`${url}/v1/models`)).status).toBe(401);
    const headers = { authorization: "Bearer secret" };
    expect((await fetch(`${url}/v1/models`, { headers })).status).toBe(200);
    const client = await openLanguageModel(`openai:bigram@${url}`, { key: "secret" });
    expect(await client.score!(prompt, [" Paris"])).toEqual(await model.score!(prompt, [" Paris"]));
    await expect(openLanguageModel(`openai:bigram@${url}`, { key: "guess" })).rejects.toMatchObject({
      code: "not_allowed",
    });
    await open.close();
  });

  it("refuses names that a page could have given to this machine", async () => {
    const { port } = new URL(server.url);
    const status = await new Promise((resolve) => {
      const headers = { host: "evil.example" };
      request({ port, path: "/v1/models", headers }, ({ statusCode }) => resolve(statusCode)).end();
    });
    expect(status).toBe(403);
  });

  it("says when its port is taken", async () => {
    const port = Number(new URL(server.url).port);
    await expect(serveCompletions({ llm: model, port })).rejects.toMatchObject({
      code: "not_allowed",
      message: expect.stringContaining("EADDRINUSE"),
    });
  });
});

/** Generation against servers that answer well, badly, slowly and not at all. */

import { expect, it, vi } from "vitest";
import { type GenerateEvent, type LanguageModel, openLanguageModel } from "#src/llm/index.js";
import { collect } from "../../support/collect.ts";
import { type Answer, sendEvents, sendJson, smallServer } from "../../support/http-server.ts";
import { scriptedServer } from "../../support/scripted-server.ts";

const chat = { messages: [{ role: "user", content: "Hello" }] } as const;
const done = { choices: [{ delta: {}, finish_reason: "stop" }] };
const say = (content: string): object => ({ choices: [{ delta: { content } }] });

function open(origin: string, options: Parameters<typeof openLanguageModel>[1] = {}): Promise<LanguageModel> {
  return openLanguageModel(`openai:tiny@${origin}`, options);
}

function all(model: LanguageModel, ...args: Parameters<LanguageModel["generate"]>): Promise<GenerateEvent[]> {
  return collect(model.generate(...args));
}

function textOf(events: readonly GenerateEvent[]): string {
  return events.map((event) => (event.type === "text" ? event.text : "")).join("");
}

it("streams a chat with its settings, tools both ways", async () => {
  await using server = await scriptedServer([
    {
      text: "Let me see.",
      calls: [
        { name: "add", arguments: '{"a":1,"b":2}' },
        { name: "now", arguments: "{}" },
      ],
    },
    { text: "It is 3." },
  ]);
  const model = await open(server.url, { key: "secret" });
  const parameters = { type: "object", properties: { a: { type: "number" } } };
  const tools = [{ name: "add", description: "adds", parameters }];
  const events = await all(model, chat, { maxTokens: 50, seed: 3, stop: ["\n\n"], tools });
  const calls = events.flatMap((event) => (event.type === "toolCall" ? [event.call] : []));
  expect(textOf(events)).toBe("Let me see.");
  expect(calls).toMatchObject([
    { name: "add", arguments: '{"a":1,"b":2}' },
    { name: "now", arguments: "{}" },
  ]);
  expect(events.at(-1)).toEqual({
    type: "end",
    reason: "toolCalls",
    usage: { promptTokens: 10, outputTokens: 5 },
  });
  expect(server.requests[0]).toEqual({
    model: "tiny",
    messages: [{ role: "user", content: "Hello" }],
    max_tokens: 50,
    temperature: 0,
    seed: 3,
    stop: ["\n\n"],
    tools: [{ type: "function", function: { name: "add", description: "adds", parameters } }],
    stream: true,
    stream_options: { include_usage: true },
  });
  expect(server.authorizations).toEqual(["Bearer secret"]);

  const [call] = calls;
  const messages = [
    { role: "assistant", content: "", toolCalls: calls.slice(0, 1) },
    { role: "tool", content: "3", toolCallId: call!.id },
  ] as const;
  const answer = await all(model, { messages });
  expect(answer.at(-1)).toMatchObject({ reason: "stop" });
  expect(server.requests[1]?.messages).toEqual([
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: call!.id, type: "function", function: { name: "add", arguments: '{"a":1,"b":2}' } }],
    },
    { role: "tool", content: "3", tool_call_id: call!.id },
  ]);
});

it("goes on from a bare text; usage that no server counted is told as an estimate", async () => {
  await using server = await scriptedServer([{ text: "one two three four" }, { text: "one two" }]);
  const model = await open(server.url);
  const events = await all(model, { prompt: "Count: " }, { maxTokens: 3 });
  expect(textOf(events)).toBe("one two three");
  expect(events.at(-1)).toEqual({
    type: "end",
    reason: "length",
    usage: { promptTokens: 2, outputTokens: 3, estimated: true },
  });
  await all(model, { prompt: "Count: " });
  expect(server.requests.map(({ max_tokens }) => max_tokens)).toEqual([3, 1024]);
  await expect(all(model, { prompt: "" }, { tools: [{ name: "x", parameters: {} }] })).rejects.toMatchObject({
    code: "invalid_argument",
  });
});

it("joins calls of servers that leave out indexes and ids, and drops one that was cut off", async () => {
  const piece = (call: object, finish_reason: string | null = null): object => ({
    choices: [{ delta: { tool_calls: [call] }, finish_reason }],
  });
  const streams = [
    [
      piece({ id: "a", function: { name: "f", arguments: "{" } }),
      piece({ function: { arguments: "}" } }),
      piece({ id: "b", function: { name: "g", arguments: "[]" } }),
      done,
    ],
    [
      piece({ index: 1, function: { name: "g", arguments: "1" } }),
      piece({ index: 0, function: { name: "f" } }),
      done,
    ],
    [piece({ index: 0, id: "a", function: { name: "f", arguments: '{"a' } }, "length")],
  ];
  await using server = await smallServer((response, _received, number) =>
    sendEvents(response, streams[number - 1]!),
  );
  const model = await open(server.origin);
  const calls = async (): Promise<unknown[]> =>
    (await all(model, chat)).map((event) =>
      event.type === "toolCall" ? event.call : event.type === "end" && event.reason,
    );
  expect(await calls()).toEqual([
    { id: "a", name: "f", arguments: "{}" },
    { id: "b", name: "g", arguments: "[]" },
    "toolCalls",
  ]);
  const unnamed = await calls();
  expect(unnamed).toEqual([
    { id: expect.stringMatching(/^call_/), name: "f", arguments: "" },
    { id: expect.stringMatching(/^call_/), name: "g", arguments: "1" },
    "toolCalls",
  ]);
  expect(new Set(unnamed.map((call) => JSON.stringify(call))).size).toBe(3);
  expect(await calls()).toEqual(["length"]);
});

it("takes an answer that is not streamed", async () => {
  await using server = await smallServer((response) =>
    sendJson(response, {
      choices: [{ message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    }),
  );
  expect(await all(await open(server.origin), chat)).toEqual([
    { type: "text", text: "Hi" },
    { type: "end", reason: "stop", usage: { promptTokens: 1, outputTokens: 2 } },
  ]);
});

it("tries again when the server is busy or fails, as long after as it asks for", async () => {
  const times: number[] = [];
  await using server = await smallServer((response, _received, number) => {
    times.push(performance.now());
    if (number === 1) sendJson(response, { error: { message: "slow down" } }, 429, { "retry-after": "1" });
    else if (number === 2) sendJson(response, "oops", 503, { "retry-after": new Date().toUTCString() });
    else if (number === 3) response.destroy();
    else sendEvents(response, [say("Hi"), done]);
  });
  const notices: string[] = [];
  const model = await open(server.origin, { onNotice: (notice) => notices.push(notice) });
  expect(textOf(await all(model, chat))).toBe("Hi");
  expect(times[1]! - times[0]!).toBeGreaterThan(990);
  expect(notices).toHaveLength(3);
  expect(notices[0]).toMatch(/answered 429: slow down.*; try 2 of 5 at 127\.0\.0\.1:\d+ in 1\.0 s$/);
});

it("gives up after as many tries as allowed, and at once where waiting is asked for too long", async () => {
  const fail: Answer = (response, { body }) =>
    sendJson(response, { error: { message: "down" } }, 500, {
      "retry-after": body.seed === 1 ? "3600" : "0",
    });
  await using server = await smallServer(fail);
  const model = await open(server.origin, { tries: 3 });
  await expect(all(model, chat)).rejects.toMatchObject({
    code: "network",
    message: expect.stringContaining("500: down"),
  });
  expect(server.received).toHaveLength(3);
  await expect(all(model, chat, { seed: 1 })).rejects.toMatchObject({ code: "network" });
  expect(server.received).toHaveLength(4);
});

it.each([
  [400, "invalid_argument"],
  [401, "not_allowed"],
  [404, "not_found"],
  [501, "network"],
] as const)("says what a server refuses with %i, once, and never the key", async (status, code) => {
  const key = "sk-hush-hush";
  await using server = await smallServer((response, { headers }) =>
    sendJson(
      response,
      { error: { message: `no\u001b[31m: ${headers.authorization} ${"x".repeat(1000)}` } },
      status,
    ),
  );
  const model = await open(server.origin, { key });
  const error = await all(model, chat).catch((thrown) => thrown);
  expect(error).toMatchObject({ code, message: expect.stringContaining(`answered ${status}: no`) });
  expect(error.message).not.toMatch(/hush|\p{Cc}/u);
  expect(JSON.stringify(error.cause)).not.toContain("hush");
  expect(error.message.length).toBeLessThan(600);
  expect(server.received).toHaveLength(1);
});

it("drops the fields that a server does not take, and says what that means", async () => {
  await using server = await smallServer((response, { body }) => {
    const refuse = (message: string, param?: string): void =>
      sendJson(response, { error: { message, param } }, 400);
    if ("max_tokens" in body)
      refuse("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.");
    else if ("temperature" in body) refuse("Only the default (1) value is supported.", "temperature");
    else if ("stream_options" in body) refuse("unknown field stream_options");
    else sendEvents(response, [say("Hi"), done]);
  });
  const notices: string[] = [];
  const model = await open(server.origin, { onNotice: (notice) => notices.push(notice) });
  expect(textOf(await all(model, chat, { maxTokens: 9 }))).toBe("Hi");
  expect(server.received.at(-1)?.body).toMatchObject({ max_completion_tokens: 9 });
  expect(notices).toEqual([expect.stringContaining('"temperature": it samples at its own temperature')]);
  await all(model, chat, { maxTokens: 9 });
  expect(server.received).toHaveLength(5);
});

it("names a model without tools unsupported", async () => {
  await using server = await smallServer((response) =>
    sendJson(response, { error: { message: '"auto" tool choice requires --enable-auto-tool-choice' } }, 400),
  );
  const model = await open(server.origin);
  const tools = [{ name: "x", parameters: {} }];
  await expect(all(model, chat, { tools })).rejects.toMatchObject({ code: "unsupported" });
  await expect(all(model, chat)).rejects.toMatchObject({ code: "invalid_argument" });
});

const broken: readonly (readonly [string, Answer])[] = [
  [
    "breaks off",
    (response) => {
      response.write(`data: ${JSON.stringify(say("Hi"))}\n\n`, () => response.destroy());
    },
  ],
  ["ends without a reason", (response) => sendEvents(response, [say("Hi")])],
  ["fails within", (response) => sendEvents(response, [say("Hi"), { error: { message: "out of memory" } }])],
  ["talks nonsense", (response) => sendEvents(response, [say("Hi"), { choices: "none" }])],
  [
    "talks no JSON",
    (response) => {
      response.end("data: {\n\n");
    },
  ],
];

it.each(broken)("an answer that %s is an error after the text that came", async (_name, answer) => {
  await using server = await smallServer((response, ...rest) => {
    response.setHeader("content-type", "text/event-stream");
    return answer(response, ...rest);
  });
  const model = await open(server.origin, { tries: 1 });
  const events: GenerateEvent[] = [];
  const read = async (): Promise<void> => {
    for await (const event of model.generate(chat)) events.push(event);
  };
  await expect(read()).rejects.toMatchObject({ code: "network" });
  expect(events.every(({ type }) => type === "text")).toBe(true);
});

it("does not wait for ever: before the answer, nor within it", async () => {
  await using server = await smallServer((response, _received, number) => {
    if (number === 1) return;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${JSON.stringify(say("Hi"))}\n\n`);
  });
  const model = await open(server.origin, { timeout: 0.2, tries: 1 });
  for (let time = 0; time < 2; time++) {
    await expect(all(model, chat)).rejects.toMatchObject({
      code: "network",
      message: expect.stringContaining("no word from the server in 0.2 s"),
    });
  }
});

it("ends at the caller's word, also while it waits for a retry, and closes the connection", async () => {
  const closed = vi.fn();
  await using server = await smallServer((response, { body }) => {
    response.on("close", closed);
    if (body.seed === 1) return sendJson(response, {}, 503, { "retry-after": "60" });
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${JSON.stringify(say("Hi"))}\n\n`);
  });
  const model = await open(server.origin);
  const stop = new AbortController();
  const generation = model.generate(chat, { signal: stop.signal });
  for await (const { type } of generation) {
    expect(type).toBe("text");
    break;
  }
  await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(1));
  const within = all(model, chat, { signal: stop.signal });
  const waiting = all(model, chat, { signal: stop.signal, seed: 1 });
  setTimeout(() => stop.abort(), 100);
  await expect(within).rejects.toMatchObject({ code: "interrupted" });
  await expect(waiting).rejects.toMatchObject({ code: "interrupted" });
  await expect(all(model, chat, { signal: stop.signal })).rejects.toMatchObject({ code: "interrupted" });
});

it("works on as many at once as it was told", async () => {
  let busy = 0;
  let most = 0;
  await using server = await smallServer(async (response) => {
    most = Math.max(most, ++busy);
    await new Promise((resolve) => setTimeout(resolve, 30));
    busy--;
    sendEvents(response, [say("Hi"), done]);
  });
  const model = await open(server.origin, { parallel: 2 });
  const gone = new AbortController();
  const running = [1, 2, 3, 4, 5].map(() => all(model, chat));
  const waiting = all(model, chat, { signal: gone.signal });
  gone.abort();
  await expect(waiting).rejects.toMatchObject({ code: "interrupted" });
  await Promise.all(running);
  expect(most).toBe(2);
  expect(server.received).toHaveLength(5);
});

it("reads the length of the context from the server's list, and says when the model is not in it", async () => {
  const notices: string[] = [];
  const onNotice = (notice: string): void => {
    notices.push(notice);
  };
  await using server = await smallServer(() => {}, { data: [{ id: "tiny", max_model_len: 2048 }] });
  const model = await open(server.origin, { onNotice });
  expect(model).toMatchObject({ name: `openai:tiny@${server.origin}/v1`, contextLength: 2048, parallel: 8 });
  expect(notices).toEqual([]);
  const other = await openLanguageModel(`openai:huge@${server.origin}`, { onNotice });
  expect(other.contextLength).toBeUndefined();
  expect(notices).toEqual(['the server does not list a model "huge"; it lists tiny']);
});

it("is not opened where nothing answers", async () => {
  const gone = await smallServer(() => {});
  await gone[Symbol.asyncDispose]();
  await expect(open(gone.origin)).rejects.toMatchObject({
    code: "network",
    message: expect.stringContaining("ECONNREFUSED"),
  });
  await expect(open(gone.origin, { timeout: 301 })).rejects.toMatchObject({ code: "invalid_argument" });
  await expect(open(gone.origin, { parallel: 0 })).rejects.toMatchObject({ code: "invalid_argument" });
});

it("counts and cuts by the tokens of a vLLM server", async () => {
  // As vLLM answers; a token is a byte here, so that a cut can fall within a character.
  const answer: Answer = (response, { path, body }) => {
    if (path === "/tokenize") {
      expect(body).toEqual({ model: "tiny", prompt: expect.any(String), add_special_tokens: false });
      const tokens = [...Buffer.from(body.prompt)];
      return sendJson(response, { count: tokens.length, max_model_len: 9, tokens, token_strs: null });
    }
    expect(path).toBe("/detokenize");
    sendJson(response, { prompt: Buffer.from(body.tokens).toString() });
  };
  await using server = await smallServer(answer, {
    data: [{ id: "tiny", owned_by: "vllm", max_model_len: 9 }],
  });
  const model = await open(server.origin);
  expect(await model.countTokens!("né")).toBe(3);
  expect(await model.truncate!("né!", 9)).toBe("né!");
  expect(await model.truncate!("né!", 3)).toBe("né");
  expect(await model.truncate!("né!", 2)).toBe("n");
  await using other = await smallServer(answer, { data: [{ id: "tiny", owned_by: "me" }] });
  const blind = await open(other.origin);
  expect([blind.countTokens, blind.truncate]).toEqual([undefined, undefined]);
});

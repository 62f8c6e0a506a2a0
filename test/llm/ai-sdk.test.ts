/** Models that implement the AI SDK's specification: version 2, and the shapes that versions 3 and 4 have in common. */

import { describe, expect, it } from "vitest";
import { type AiSdkModel, fromAiSdk, type GenerateEvent } from "#src/llm/index.js";
import { RetrieveError } from "#src/std/index.js";
import { collect } from "../support/collect.ts";

interface Spied extends AiSdkModel {
  readonly asked: Record<string, unknown>[];
  isCancelled: boolean;
}

/** A model that streams given parts. */
function modelOf(specificationVersion: string, parts: readonly object[], isEndless = false): Spied {
  const model: Spied = {
    specificationVersion,
    provider: "test.chat",
    modelId: "tiny",
    asked: [],
    isCancelled: false,
    doStream: async (options: Record<string, unknown>) => {
      model.asked.push(options);
      const stream = new ReadableStream<unknown>({
        start: (controller) => {
          for (const part of parts) controller.enqueue(part);
          if (!isEndless) controller.close();
          (options["abortSignal"] as AbortSignal | undefined)?.addEventListener("abort", () =>
            controller.error(new DOMException("aborted", "AbortError")),
          );
        },
        cancel: () => {
          model.isCancelled = true;
        },
      });
      return { stream };
    },
  };
  return model;
}

const text = (delta: string): object => ({ type: "text-delta", id: "1", delta });
const call = { type: "tool-call", toolCallId: "c1", toolName: "add", input: '{"a":1}' };
const finishes: Record<string, object> = {
  v2: {
    type: "finish",
    finishReason: "tool-calls",
    usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 },
  },
  v3: {
    type: "finish",
    finishReason: { unified: "tool-calls", raw: "tool_use" },
    usage: { inputTokens: { total: 7, noCache: 7 }, outputTokens: { total: 3 } },
  },
};
const chat = { messages: [{ role: "user", content: "Hi" }] } as const;

describe.each(Object.entries({ ...finishes, v4: finishes["v3"]! }))("specification %s", (version, finish) => {
  it("streams text and calls", async () => {
    const spied = modelOf(version, [
      { type: "stream-start", warnings: [] },
      { type: "text-start", id: "1" },
      text("Let me"),
      text(" see."),
      { type: "text-end", id: "1" },
      { type: "tool-input-start", id: "c1", toolName: "add" },
      call,
      { ...call, toolCallId: "c2", providerExecuted: true },
      finish,
    ]);
    const model = fromAiSdk(spied, { contextLength: 100 });
    expect(model).toMatchObject({ name: "test.chat:tiny", contextLength: 100 });
    expect(model.score).toBeUndefined();
    const signal = new AbortController().signal;
    const parameters = { type: "object" };
    const messages = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Add." },
      { role: "assistant", content: "", toolCalls: [{ id: "c0", name: "add", arguments: '{"a":2}' }] },
      { role: "tool", content: "3", toolCallId: "c0" },
    ] as const;
    const events = await collect(
      model.generate(
        { messages },
        { maxTokens: 9, seed: 1, stop: ["\n"], tools: [{ name: "add", parameters }], signal },
      ),
    );
    expect(events).toEqual<GenerateEvent[]>([
      { type: "text", text: "Let me" },
      { type: "text", text: " see." },
      { type: "toolCall", call: { id: "c1", name: "add", arguments: '{"a":1}' } },
      { type: "end", reason: "toolCalls", usage: { promptTokens: 7, outputTokens: 3 } },
    ]);
    expect(spied.asked).toEqual([
      {
        prompt: [
          { role: "system", content: "Be brief." },
          { role: "user", content: [{ type: "text", text: "Add." }] },
          {
            role: "assistant",
            content: [{ type: "tool-call", toolCallId: "c0", toolName: "add", input: { a: 2 } }],
          },
          {
            role: "tool",
            content: [
              {
                type: "tool-result",
                toolCallId: "c0",
                toolName: "add",
                output: { type: "text", value: "3" },
              },
            ],
          },
        ],
        temperature: 0,
        maxOutputTokens: 9,
        seed: 1,
        stopSequences: ["\n"],
        tools: [{ type: "function", name: "add", inputSchema: parameters }],
        toolChoice: { type: "auto" },
        abortSignal: signal,
      },
    ]);
  });
});

it("drops a call that was cut off, and estimates a usage that nobody told", async () => {
  const finish = {
    type: "finish",
    finishReason: "length",
    usage: { inputTokens: undefined, outputTokens: undefined },
  };
  const events = await collect(fromAiSdk(modelOf("v2", [text("a"), text("b"), call, finish])).generate(chat));
  expect(events.slice(2)).toEqual([
    {
      type: "end",
      reason: "length",
      usage: { promptTokens: expect.any(Number), outputTokens: 2, estimated: true },
    },
  ]);
});

it.each([
  [
    "an error in the stream",
    [text("a"), { type: "error", error: new Error("out of credit") }],
    "out of credit",
  ],
  ["an end without a finish", [text("a")], "broke off"],
  ["a finish by error", [{ type: "finish", finishReason: "error" }], "ended with an error"],
  ["a malformed part", [{ type: "text-delta", delta: 3 }], 'a part "text-delta"'],
])("%s is an error", async (_name, parts, said) => {
  await expect(collect(fromAiSdk(modelOf("v2", parts)).generate(chat))).rejects.toMatchObject({
    code: "network",
    message: expect.stringContaining(said),
  });
});

it("refuses what it cannot do", async () => {
  const model = fromAiSdk(modelOf("v2", []));
  await expect(collect(model.generate({ prompt: "Once" }))).rejects.toMatchObject({ code: "unsupported" });
  const orphan = { messages: [{ role: "tool", content: "3", toolCallId: "gone" }] } as const;
  await expect(collect(model.generate(orphan))).rejects.toMatchObject({ code: "invalid_argument" });
  expect(() => fromAiSdk(modelOf("v1", []))).toThrow(RetrieveError);
});

it("ends at the caller's word", async () => {
  const spied = modelOf("v2", [text("a")], true);
  const model = fromAiSdk(spied, { parallel: 1 });
  for await (const _ of model.generate(chat)) break;
  expect(spied.isCancelled).toBe(true);
  const stop = new AbortController();
  const running = collect(model.generate(chat, { signal: stop.signal }));
  setTimeout(() => stop.abort(), 20);
  await expect(running).rejects.toMatchObject({ code: "interrupted" });
});

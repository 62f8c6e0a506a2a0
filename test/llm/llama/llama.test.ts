/** What a model in process does besides scoring right: limits, streams, stops, and answers to bad input. */

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  type GenerateInput,
  type GenerateOptions,
  openLanguageModel,
  type ToolSchema,
} from "#src/llm/index.js";
import { createStopper } from "#src/llm/llama/continue-text.js";
import { functionsOf, historyOf, withoutNulls } from "#src/llm/llama/history.js";
import { serveCompletions } from "#src/serve/index.js";
import { randomModel } from "../../support/gguf.ts";

const file = randomModel();
const model = await openLanguageModel(`llama:${file.path}`, { contextLength: 1024, parallel: 2, threads: 1 });
afterAll(async () => {
  await model.close();
  file.remove();
});

async function textOf(input: GenerateInput, options: GenerateOptions): Promise<string> {
  let text = "";
  for await (const event of model.generate(input, options)) if (event.type === "text") text += event.text;
  return text;
}

function numbers32(...values: number[]): Buffer {
  return Buffer.from(new Uint32Array(values).buffer);
}

function numbers64(...values: number[]): Buffer {
  return Buffer.from(new BigUint64Array(values.map(BigInt)).buffer);
}

/** The model of the other tests without a mark of the beginning, as Qwen's have it. */
function withoutMark(): string {
  const bytes = readFileSync(file.path);
  const key = "tokenizer.ggml.add_bos_token";
  bytes.writeUInt8(0, bytes.indexOf(key) + key.length + 4); // behind the type of the value
  const path = join(dirname(file.path), "without-mark.gguf");
  writeFileSync(path, bytes);
  return path;
}

const chat: GenerateInput = { messages: [{ role: "user", content: "abc" }] };

describe("openLanguageModel", () => {
  it("names the model by its bytes", async () => {
    const other = await openLanguageModel(`llama:${file.path}`, { contextLength: 256, parallel: 1 });
    expect(model.name).toMatch(/^llama:random\.gguf#[0-9a-f]{12}$/);
    expect(other.name).toBe(model.name);
    expect(other.contextLength).toBe(256);
    await other.close();
    const exact = await openLanguageModel(`llama:${file.path}`, {
      ...{ contextLength: 256, parallel: 1, cache: "F32", threads: 1 },
    });
    expect(exact.name).toBe(`${model.name},f32`);
    await exact.close();
  });

  it("scores without a mark of the beginning what stands behind something, in process and served", async () => {
    const bare = await openLanguageModel(`llama:${withoutMark()}`, { contextLength: 256, threads: 1 });
    const server = await serveCompletions({ llm: bare, id: "bare" });
    const served = await openLanguageModel(`openai:bare@${server.url}`);
    await expect(bare.score?.("", ["abc def"])).rejects.toThrow(/no mark of the beginning.*give it a prompt/);
    const given = ["abc def ", ["ghi", "the cat", "x"]] as const;
    const [own = [], other = []] = [await bare.score?.(...given), await served.score?.(...given)];
    expect(other.map(({ tokens }) => tokens)).toEqual(own.map(({ tokens }) => tokens));
    for (const [at, { logProbabilities }] of own.entries()) {
      for (const [place, value] of logProbabilities.entries()) {
        expect(other[at]?.logProbabilities[place]).toBeCloseTo(value, 2);
      }
    }
    const [whole] = (await bare.score?.("", ["abc def"], { zeroFirst: true })) ?? [];
    expect(whole?.tokens.join("")).toMatch(/abc def$/);
    expect(whole?.logProbabilities[0]).toBe(0);
    expect(whole?.logProbabilities[1]).toBeLessThan(0);
    await server.close();
    await bare.close();
  });

  it("cuts a text that begins with white space", async () => {
    for (const text of ["\nabc def ghi jkl", "\tabc def ghi jkl", "  abc def ghi jkl", "\u00a0abc def ghi"]) {
      const cut = await model.truncate?.(text, 5);
      expect(text.startsWith(cut ?? "?")).toBe(true);
      expect(cut?.trim()).not.toBe("");
    }
  });

  it("refuses a model without logits before it is loaded", async () => {
    const folder = mkdtempSync(join(tmpdir(), "retrieve-llama-"));
    const path = join(folder, "encoder.gguf");
    const text = (value: string): Buffer => Buffer.concat([numbers64(value.length), Buffer.from(value)]);
    // Version 3, no tensors, one entry: a text (type 8) under its key.
    const head = Buffer.concat([Buffer.from("GGUF"), numbers32(3), numbers64(0, 1)]);
    writeFileSync(
      path,
      Buffer.concat([head, text("general.architecture"), numbers32(8), text("nomic-bert")]),
    );
    await expect(openLanguageModel(`llama:${path}`)).rejects.toMatchObject({ code: "unsupported" });
    await expect(openLanguageModel(`llama:${path}`)).rejects.toThrow(
      /is an encoder \(nomic-bert\), which gives no logits/,
    );
  });

  it("says what is wrong with a file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "retrieve-llama-"));
    const broken = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content);
      return `llama:${join(folder, name)}`;
    };
    await expect(openLanguageModel("llama:missing.gguf")).rejects.toMatchObject({ code: "not_found" });
    await expect(openLanguageModel(`llama:${folder}`)).rejects.toMatchObject({ code: "invalid_data" });
    await expect(openLanguageModel(broken("text.gguf", "hello"))).rejects.toThrow("does not begin with GGUF");
    await expect(openLanguageModel(broken("short.gguf", "GGUF\u0003"))).rejects.toMatchObject({
      code: "unsupported",
    });
    await expect(openLanguageModel(`llama:${file.path}`, { contextLength: 9999 })).rejects.toThrow(
      /got 9999 tokens, the model was trained for 2048/,
    );
  });
});

describe("score", () => {
  it("counts a token over the boundary to the continuation, and tokens that look special as text", async () => {
    const [whole] = (await model.score?.("abc ab", [" ac"])) ?? [];
    expect(whole?.tokens).toEqual([" ac"]);
    const [joined] = (await model.score?.("abc a", ["bc"])) ?? [];
    expect(joined?.tokens).toEqual([" abc"]);
    const [special] = (await model.score?.("abc", ["</s>"])) ?? [];
    expect(special?.tokens.length).toBeGreaterThan(1);
  });

  it("gives the same in any order and company", async () => {
    const texts = ["abc", "bcd efg", "aab ccd ead", "x".repeat(300), "acd"];
    const alone = [];
    for (const text of texts) alone.push(await model.score?.(text, [" abc dac", " b"]));
    const together = await Promise.all(texts.map((text) => model.score?.(text, [" abc dac", " b"])));
    for (const [at, scores] of together.entries()) {
      for (const [place, { logProbabilities }] of (scores ?? []).entries()) {
        for (const [token, value] of logProbabilities.entries()) {
          expect(value).toBeCloseTo(alone[at]?.[place]?.logProbabilities[token] ?? Number.NaN, 2);
        }
      }
    }
  });

  it("refuses what does not fit, an empty continuation, and stops when told", async () => {
    await expect(model.score?.("abc ".repeat(2000), [" a"])).rejects.toThrow(/tokens, the window holds 1024/);
    await expect(model.score?.("abc", [""])).rejects.toMatchObject({ code: "invalid_argument" });
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(model.score?.("abc", [" a"], { signal })).rejects.toMatchObject({ code: "interrupted" });
    expect(await model.score?.("abc", [" a"])).toHaveLength(1);
  });
});

describe("generate", () => {
  it("is repeatable at temperature 0, and with a seed", async () => {
    expect(await textOf({ prompt: "abc" }, { maxTokens: 10 })).toBe(
      await textOf({ prompt: "abc" }, { maxTokens: 10 }),
    );
    const warm = { maxTokens: 10, temperature: 1, seed: 7 };
    expect(await textOf({ prompt: "abc" }, warm)).toBe(await textOf({ prompt: "abc" }, warm));
    expect(await textOf({ prompt: "abc" }, { ...warm, seed: 8 })).not.toBe(
      await textOf({ prompt: "abc" }, warm),
    );
  });

  it("ends before a stop text", async () => {
    const whole = await textOf({ prompt: "abc" }, { maxTokens: 12 });
    const stop = whole.slice(9, 12);
    const cut = await textOf({ prompt: "abc" }, { maxTokens: 12, stop: [stop] });
    expect(cut).toBe(whole.slice(0, whole.indexOf(stop)));
  });

  it("counts tokens and says why it ended", async () => {
    const events = [];
    for await (const event of model.generate({ prompt: "abc" }, { maxTokens: 3 })) events.push(event);
    expect(events.at(-1)).toEqual({
      type: "end",
      reason: "length",
      usage: { promptTokens: 2, outputTokens: 3 },
    });
  });

  it("refuses a prompt or a chat that fills the window, and drops nothing of it", async () => {
    await expect(textOf({ prompt: "abc ".repeat(2000) }, {})).rejects.toMatchObject({
      code: "invalid_argument",
    });
    const long: GenerateInput = { messages: [{ role: "user", content: "abc ".repeat(2000) }] };
    await expect(textOf(long, {})).rejects.toThrow(/the window holds 1024, with the reply/);
  });

  it.each([
    ["a text", { prompt: "abc" }],
    ["a chat", chat],
  ])("stops %s when told, and goes on afterwards", async (_name, input: GenerateInput) => {
    const controller = new AbortController();
    const generating = async (): Promise<void> => {
      for await (const event of model.generate(input, { maxTokens: 500, signal: controller.signal })) {
        if (event.type === "text") controller.abort(new Error("enough"));
      }
    };
    await expect(generating()).rejects.toMatchObject({ code: "interrupted" });
    expect(await textOf(input, { maxTokens: 3 })).not.toBe("");
  });

  it("takes more side by side than it has sequences", async () => {
    const once = await textOf({ prompt: "abc" }, { maxTokens: 5 });
    const many = await Promise.all(
      Array.from({ length: 6 }, () => textOf({ prompt: "abc" }, { maxTokens: 5 })),
    );
    expect(many.map((text) => text.length > 0)).toEqual(Array(6).fill(true));
    expect(many).toContain(once);
  });

  it("takes a chat with tools", async () => {
    const tools: ToolSchema[] = [
      { name: "add", parameters: { type: "object", properties: { x: { type: "number" } } } },
    ];
    expect(await textOf(chat, { maxTokens: 5, tools })).toBeTypeOf("string");
  });
});

describe("createStopper", () => {
  function given(parts: readonly string[], stop: readonly string[]): string[] {
    const stopper = createStopper(stop);
    const shown: string[] = [];
    let text = "";
    for (const part of parts) {
      text += part;
      shown.push(stopper.push(text));
      if (stopper.isStopped()) return shown;
    }
    return [...shown, stopper.rest()];
  }

  it("holds back what may be a stop text, and gives it out when it is none", () => {
    expect(given(["one ", "EN", "D two"], ["END"])).toEqual(["one ", "", ""]);
    expect(given(["one ", "EN", "VY"], ["END"])).toEqual(["one ", "", "ENVY", ""]);
    expect(given(["one E", "N"], ["END"])).toEqual(["one ", "", "EN"]);
    expect(given(["a|b"], ["b", "|"])).toEqual(["a"]);
  });

  it("waits for the rest of a character", () => {
    const stopper = createStopper([]);
    expect(stopper.push("tea \ufffd")).toBe("tea ");
    expect(stopper.push("tea \u{1f375}")).toBe("\u{1f375}");
  });
});

describe("a chat for llama.cpp", () => {
  it("keeps calls and their results in the reply that made them", () => {
    expect(
      historyOf([
        { role: "system", content: "be brief" },
        { role: "user", content: "2 + 2?" },
        {
          role: "assistant",
          content: "Let me see.",
          toolCalls: [{ id: "a", name: "add", arguments: '{"x":2}' }],
        },
        { role: "tool", content: "4", toolCallId: "a" },
      ]),
    ).toEqual([
      { type: "system", text: "be brief" },
      { type: "user", text: "2 + 2?" },
      {
        type: "model",
        response: [
          "Let me see.",
          { type: "functionCall", name: "add", params: { x: 2 }, result: "4", startsNewChunk: true },
        ],
      },
    ]);
    const round = (result: string) => [
      { role: "assistant", content: "", toolCalls: [{ id: "0", name: "next", arguments: "{}" }] } as const,
      { role: "tool", content: result, toolCallId: "0" } as const,
    ];
    const call = { type: "functionCall", name: "next", params: {}, startsNewChunk: true };
    expect(historyOf([...round("first"), ...round("second")])).toEqual([
      {
        type: "model",
        response: [
          { ...call, result: "first" },
          { ...call, result: "second" },
        ],
      },
    ]);
    expect(historyOf([{ role: "user", content: "2 + 2?" }])).toEqual([
      { type: "user", text: "2 + 2?" },
      { type: "model", response: [] },
    ]);
  });

  it("keeps of a schema what a grammar can hold", () => {
    const parameters = {
      type: "object",
      required: ["from"],
      properties: {
        from: { type: "string", description: "a place", pattern: "^[A-Z]" },
        legs: { type: "array", items: { enum: ["sail", "row"] } },
        speed: { type: ["number", "null"], minimum: 0 },
      },
    };
    expect(functionsOf([{ name: "go", description: "goes", parameters }])).toEqual({
      go: {
        description: "goes",
        params: {
          type: "object",
          properties: {
            from: { type: "string", description: "a place" },
            legs: { oneOf: [{ type: "array", items: { enum: ["sail", "row"] } }, { type: "null" }] },
            speed: { oneOf: [{ type: "number" }, { type: "null" }] },
          },
        },
      },
    });
    expect(withoutNulls({ from: "Ystad", legs: null, speed: 3 }, { name: "go", parameters })).toEqual({
      from: "Ystad",
      speed: 3,
    });
  });
});

/** Chats, questions and answers longer than the window: what is left out is found again. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Index, type Message, open } from "#src/augment/index.js";
import type { Json } from "../../cli/here.ts";
import { keywordEncoder } from "../../support/keyword-encoder.ts";
import { scriptedModel } from "../../support/scripted-model.ts";

let folder: string;
let index: Index;
/** What is encoded, in order. */
const encoded: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ask-long-"));
  const encoder = keywordEncoder({
    dimensions: 512,
    onEncode: (side, texts) => void (side === "document" && encoded.push(...texts)),
  });
  index = await open({ index: join(folder, "index"), encoder });
});
afterAll(async () => {
  await index.close();
  await rm(folder, { recursive: true });
});

/** 300 turns of small talk, and one fact at turn 3. */
const turns = Array.from({ length: 300 }, (_, at): Message => {
  const role = at % 2 === 0 ? "user" : "assistant";
  const subject = ["the allotment", "the choir", "the ferry", "the boiler", "chess"][at % 5];
  return { role, content: `On day ${at} there was talk about ${subject}, turn number ${at} of many.` };
});
turns[2] = { role: "user", content: "My sister Nadia cannot eat walnuts, they make her ill." };
const question: Message = { role: "user", content: "May my sister Nadia eat walnuts?" };

describe("a chat of 300 turns", () => {
  it("has the fact of turn 3 in the prompt, beside the newest turns", async () => {
    const llm = scriptedModel([{ text: "No walnuts." }], { contextLength: 600 });
    const { answer, items } = await index.ask([...turns, question], { llm, answerTokens: 50 });
    expect(answer).toBe("No walnuts.");
    const shown = llm.asked[0]?.shown ?? "";
    expect(shown).toContain("Nadia cannot eat walnuts");
    expect(shown).toContain("turn number 299");
    expect(shown).not.toContain("turn number 100 ");
    expect(llm.asked[0]?.messages.at(-1)?.content).toMatch(/May my sister Nadia eat walnuts\?$/);
    expect(items.some(({ kind, id }) => kind === "memory" && id === "this conversation#2")).toBe(true);
  });

  it("encodes none of it again where the index remembers the conversation", async () => {
    // All of it, also what a call before has recalled from its own messages: that is no echo of the index.
    const remembered = await index.remember(
      "chat",
      turns.map(({ role, content }) => ({ role, content })),
    );
    expect(remembered).toMatchObject({ added: 300, unchanged: 0 });
    encoded.length = 0;
    const llm = scriptedModel([{ text: "No." }], { contextLength: 600 });
    const asked = [...turns, question];
    const { items } = await index.ask(asked, { llm, answerTokens: 50, conversation: "chat" });
    expect(llm.asked[0]?.shown).toContain("Nadia cannot eat walnuts");
    expect(encoded).toEqual([]);
    expect(items.filter(({ kind }) => kind === "memory").every(({ id }) => id.startsWith("chat/"))).toBe(
      true,
    );
  });

  it("is not stored for the time of a call where it fits", async () => {
    encoded.length = 0;
    const llm = scriptedModel([{ text: "No." }]);
    await index.ask([...turns.slice(0, 10), question], { llm, kinds: [] });
    expect(encoded).toEqual([]);
    expect(llm.asked[0]?.messages).toHaveLength(11);
  });
});

it("finds the evidence of questions about the sample chat, with the bundled encoder, in a third of its length", async () => {
  const samples = resolve(import.meta.dirname, "../../../samples/memory");
  const [chat] = await rowsOf(join(samples, "conversations.jsonl"));
  const said: { id: string; speaker: string; text: string }[] = chat.sessions.flatMap(
    (session: { turns: object[] }) => session.turns,
  );
  const messages = said.map(
    ({ speaker, text }): Message => ({ role: speaker === "assistant" ? "assistant" : "user", content: text }),
  );
  const questions = (await rowsOf(join(samples, "questions.jsonl"))).filter((_, at) => at % 10 === 0);
  await using real = await open({ index: join(folder, "real") });
  const count = (text: string) => Math.ceil(text.length / 4);
  expect(count(messages.map(({ content }) => content).join("\n"))).toBeGreaterThan(3900);
  const found: string[] = [];
  for (const { question: content, evidence } of questions) {
    const llm = scriptedModel([{ text: "So." }], { contextLength: 1500, count });
    await real.ask([...messages, { role: "user", content }], { llm, answerTokens: 100 });
    const shown = llm.asked[0]?.shown ?? "";
    if (said.some(({ id, text }) => evidence.includes(id) && shown.includes(text))) found.push(content);
  }
  expect(questions).toHaveLength(6);
  expect(found.length).toBeGreaterThanOrEqual(5);
});

const rowsOf = async (path: string): Promise<Json[]> =>
  (await readFile(path, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

const filler = (from: number, count: number): string =>
  Array.from({ length: count }, (_, at) => `Line ${from + at} tells of nothing in particular.`).join(" ");

describe("a question longer than the window", () => {
  const fact = "The anchor chain of the Tern has ninety-one links.";
  const long = `Read this log. ${filler(0, 200)} ${fact} ${filler(200, 200)} How many links has the anchor chain of the Tern?`;

  it("keeps its beginning and end, and the part that matters", async () => {
    const before = await index.status();
    const llm = scriptedModel([{ text: "Ninety-one." }], { contextLength: 500 });
    await index.ask(long, { llm, kinds: [], answerTokens: 50 });
    const shown = llm.asked[0]?.shown ?? "";
    expect(shown).toContain("Read this log.");
    expect(shown).toMatch(/anchor chain of the Tern\?$/);
    expect(shown).toContain(fact);
    expect(shown).toContain("the middle is left out");
    expect(shown).not.toContain("Line 150 ");
    expect(await index.status()).toEqual(before);
  });

  it("works with a model that neither counts nor tells its window", async () => {
    const llm = scriptedModel([{ text: "Ninety-one." }], { canCount: false });
    await index.ask(long, { llm, kinds: [], maxTokens: 600 });
    const shown = llm.asked[0]?.shown ?? "";
    expect(shown).toContain(fact);
    expect(Buffer.byteLength(shown) / 3).toBeLessThanOrEqual(600);
  });
});

describe("retrieval while an answer is written", () => {
  beforeAll(async () => {
    await index.add("knowledge", [
      { id: "bowline", title: "Bowline", text: "The bowline is a knot that makes a loop." },
      { id: "sextant", title: "Sextant", text: "The sextant measures the height of the sun." },
    ]);
  });
  const asking = "Tell me of the bowline knot.";

  it("finds anew what the answer comes to speak of, under numbers that stay", async () => {
    const turn = `Now the sextant,${" the sextant, that measures the height of the sun,".repeat(7)}`;
    const parts = [`The bowline makes a loop [1]. ${turn} `, "says the book [2]. Done."];
    const llm = scriptedModel(() => ({ text: parts[llm.asked.length - 1] ?? "" }));
    const { answer, citations } = await index.ask(asking, {
      llm,
      kinds: ["knowledge"],
      topK: 1,
      every: 60,
    });
    expect(llm.asked).toHaveLength(2);
    expect(llm.asked[0]?.shown).not.toContain("[2] Sextant");
    expect(llm.asked[1]?.shown).toContain("[2] Sextant");
    expect(llm.asked[1]?.messages.slice(-2)).toMatchObject([
      { role: "assistant", content: expect.stringMatching(/^The bowline makes a loop \[1\]\. Now/) },
      { role: "user", content: expect.stringContaining("Go on") },
    ]);
    expect(llm.asked[1]?.shown).toContain("[1] Bowline");
    expect(answer).toMatch(/^The bowline makes a loop \[1\]\. Now .*says the book \[2\]\. Done\.$/);
    expect(citations.map(({ number, id }) => [number, id])).toEqual([
      [1, "bowline"],
      [2, "sextant"],
    ]);
  });

  it("goes on sentence by sentence", async () => {
    const llm = scriptedModel(() => ({
      text: llm.asked.length < 3 ? `Sentence ${llm.asked.length} is here. And more follows` : "The end",
    }));
    const { answer } = await index.ask(asking, { llm, kinds: ["knowledge"], every: "sentence" });
    expect(answer).toBe("Sentence 1 is here. Sentence 2 is here. The end");
  });

  it("writes an answer longer than the window, and finds its beginning again", async () => {
    const notices: string[] = [];
    const llm = scriptedModel(
      () => {
        const at = llm.asked.length;
        const topic = at === 1 ? "walrus tusks" : at >= 37 ? "walrus tusks again" : `matter${at} alone`;
        return {
          text: `${Array.from({ length: 10 }, (_, n) => `Part${at}x${n} says ${topic}.`).join(" ")} `,
        };
      },
      { contextLength: 240 },
    );
    // Each generation is longer than a step, so the model never ends by itself.
    const { answer } = await index.ask("Tell me all.", {
      llm,
      kinds: [],
      answerTokens: 800,
      every: 20,
      onNotice: (message) => notices.push(message),
    });
    expect(answer.split(/\s+/).length).toBeGreaterThanOrEqual(799);
    expect(llm.asked.length).toBeGreaterThanOrEqual(40);
    const last = llm.asked[39]?.shown ?? "";
    expect(last).toMatch(/Part1x\d says walrus tusks\./);
    expect(last).not.toContain("Part15x0");
    expect(notices).toEqual([expect.stringContaining("limit is 800 tokens, in a window of 240")]);
  });
});

describe("the window", () => {
  beforeAll(async () => {
    await index.add("tools", [
      {
        name: "walnut_price",
        description: "price of walnuts",
        parameters: { type: "object", properties: { kilos: { type: "number" } } },
      },
      { name: "nadia_birthday", description: "birthday of the sister Nadia" },
    ]);
    await index.add("examples", [{ input: "May Nadia eat cheese?", output: "She may." }]);
  });

  const much = () => "so and so much ".repeat(400);

  // The scripted model throws for a prompt that leaves no room for its new tokens.
  const counts = {
    words: undefined,
    letters: (text: string) => Math.ceil(text.length / 2.5),
    "signs alone": (text: string) => text.match(/\w{1,6}|[^\w\s]/g)?.length ?? 0,
  };
  it.each(Object.entries(counts))("is never exceeded, by a model that counts %s", async (_name, count) => {
    for (const contextLength of [260, 400, 777, 1500, 4000]) {
      for (const every of [undefined, 16, "sentence"] as const) {
        const llm = scriptedModel(
          ({ options }) =>
            options.tools === undefined
              ? { text: "Sister Nadia may not. ".repeat(60) }
              : {
                  text: "I look. ",
                  calls: [[options.tools[0]?.name ?? "", `{"kilos":${llm.asked.length}}`]],
                },
          { contextLength, ...(count && { count }) },
        );
        const { answer, toolCalls } = await index.ask([...turns, question], {
          llm,
          answerTokens: 40,
          allow: ["walnut_price", "nadia_birthday"],
          functions: { walnut_price: much, nadia_birthday: much },
          maxRounds: 3,
          ...(every && { every }),
        });
        expect(answer).toMatch(/Nadia/);
        // Smaller windows have no room for tools beside the question and what was said.
        if (contextLength < 777) continue;
        expect(answer).toMatch(/^I look\.\s+I look\./);
        expect(toolCalls.map(({ outcome }) => outcome)).toContain("done");
        const fullest = Math.max(...llm.asked.map(({ promptTokens }) => promptTokens));
        expect(fullest).toBeGreaterThan(contextLength * 0.4);
      }
    }
  });
});

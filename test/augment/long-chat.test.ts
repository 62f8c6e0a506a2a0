import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Index, type Message, open } from "#src/augment/index.js";

let folder: string;
let index: Index;

/** 300 turns: small talk on changing subjects, and one fact at turn 3. */
const subjects = [
  ["the allotment", "tomatoes", "slugs"],
  ["the choir", "tenors", "a new score"],
  ["the ferry", "delays", "fog"],
  ["chess", "openings", "a lost queen"],
  ["the boiler", "pressure", "an engineer"],
  ["the marathon", "training", "sore knees"],
];
const turns = Array.from({ length: 300 }, (_, at) => {
  const [subject, detail, trouble] = subjects[at % subjects.length] ?? [];
  const day = Math.floor(at / subjects.length) + 1;
  const text =
    at % 2 === 0
      ? `On day ${day} I thought about ${subject} again, mostly about ${detail}.`
      : `That is understandable on day ${day}; ${trouble} can spoil ${subject} for anybody.`;
  return { role: at % 2 === 0 ? "user" : "assistant", text };
});
turns[2] = { role: "user", text: "By the way, my sister Nadia cannot eat walnuts, they make her ill." };

const messages = turns.map(
  ({ role, text }): Message => ({ role: role === "user" ? "user" : "assistant", content: text }),
);
const question = "Which nuts must I leave out of the birthday cake for my sister?";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "chat-"));
  index = await open({ index: join(folder, "index") });
  await index.remember("chat", turns);
});
afterAll(async () => {
  await index.close();
  await rm(folder, { recursive: true });
});

it("brings back the fact of turn 3 of 300 within 512 tokens", async () => {
  const {
    messages: prompt,
    tokens,
    items,
  } = await index.augment(question, { maxTokens: 512, conversation: "chat" });
  expect(tokens).toBeLessThanOrEqual(512);
  expect(items.map(({ kind }) => kind)).toContain("memory");
  expect(prompt.at(-1)?.content).toContain("Nadia cannot eat walnuts");
});

it("does so with the conversation itself in the prompt, cut to its newest messages", async () => {
  const asked: Message[] = [...messages, { role: "user", content: question }];
  const { messages: prompt, tokens } = await index.augment(asked, { maxTokens: 512, conversation: "chat" });
  const whole = prompt.map(({ content }) => content).join("\n");
  expect(tokens).toBeLessThanOrEqual(512);
  expect(whole).toContain("Nadia cannot eat walnuts");
  expect(whole).toContain(messages.at(-1)?.content);
  expect(prompt.at(-1)?.content).toBe(question);
});

import fc from "fast-check";
import { expect, it } from "vitest";
import { eventData } from "#src/llm/openai/sse.js";
import { collect } from "../../support/collect.ts";

async function dataOf(bytes: Uint8Array, cuts: readonly number[]): Promise<string[]> {
  const places = [0, ...[...cuts].sort((one, other) => one - other), bytes.length];
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (const [index, from] of places.slice(0, -1).entries()) yield bytes.subarray(from, places[index + 1]);
  }
  return await collect(eventData(chunks()));
}

const stream = [
  "\uFEFF: a comment",
  "event: message",
  "id: 7",
  'data: {"text":"héllo 🥰"}',
  "",
  "",
  "data:no space",
  "data:  two spaces",
  "data",
  "",
  "dataset: another field",
  "",
  "data: [DONE]",
].join("\n");
const wanted = ['{"text":"héllo 🥰"}', "no space\n two spaces\n", "[DONE]"];

it.each(["\n", "\r\n", "\r"])("gives the data of events that end with %j, cut anywhere", async (end) => {
  const bytes = new TextEncoder().encode(stream.replaceAll("\n", end));
  expect(await dataOf(bytes, [])).toEqual(wanted);
  expect(
    await dataOf(
      bytes,
      Array.from({ length: bytes.length }, (_, index) => index),
    ),
  ).toEqual(wanted);
  const cuts = fc.array(fc.nat({ max: bytes.length }));
  const property = fc.asyncProperty(cuts, async (places) => {
    expect(await dataOf(bytes, places)).toEqual(wanted);
  });
  await fc.assert(property);
});

it("refuses an event without an end", async () => {
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) yield new Uint8Array(1024 * 1024).fill(97);
  };
  await expect(collect(eventData(endless()))).rejects.toMatchObject({ code: "network" });
});

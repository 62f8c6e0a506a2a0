/** Questions answered through the contract of a language model, with the sample tools as they run in the demo. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AskOptions, type Index, open } from "#src/augment/index.js";
import { RetrieveError } from "#src/std/index.js";
import { keywordEncoder } from "../../support/keyword-encoder.ts";
import { type Reply, type ScriptedModel, scriptedModel } from "../../support/scripted-model.ts";
import { listen } from "../tools/listen.ts";

const samples = resolve(import.meta.dirname, "../../../samples/tools");

let folder: string;
let index: Index;
let service: { readonly host: string; readonly url: string; close(): Promise<void> };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ask-"));
  service = await (await import(pathToFileURL(join(samples, "service.mjs")).href)).startService();
  index = await open({ index: join(folder, "index"), encoder: keywordEncoder() });
  await index.add("knowledge", [
    { id: "keys", title: "Keys", text: "Rotate the signing key every ninety days." },
    { id: "loss", title: "Loss", text: "Who loses a signing key calls the harbour office." },
  ]);
  await index.add("tools", [
    service.url,
    `mcp:"${process.execPath}" "${join(samples, "library.mjs")}"`,
    join(samples, "functions.json"),
  ]);
});
afterAll(async () => {
  await index.close();
  await service.close();
  await rm(folder, { recursive: true });
});

const question = "How far is it by sea, the distance from Marstal to Ystad?";
const distance = ["getDistance", '{"from":"Marstal","to":"Ystad"}'] as const;
const say = (text: string): Reply => ({ text });
const askTools = (llm: ScriptedModel, more: Partial<AskOptions> = {}) =>
  index.ask(question, { llm, kinds: ["tools"], ...more });
const lastMessage = (llm: ScriptedModel, request: number): string =>
  llm.asked[request]?.messages.at(-1)?.content ?? "";

describe("answers", () => {
  it("streams the answer, and maps its marks to the sources that they name", async () => {
    const llm = scriptedModel([
      say("Every ninety days [1], and call the office [1, 2]. Not [7], nor `x[2]`."),
    ]);
    const pieces: string[] = [];
    const answered = await index.ask("signing key rotate ninety days", {
      llm,
      kinds: ["knowledge"],
      onText: (text) => pieces.push(text),
    });
    const { answer, citations, items, toolCalls } = answered;
    expect(Object.keys(answered)).toEqual(["answer", "citations", "items", "toolCalls"]);
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.join("")).toBe(answer);
    expect(citations).toEqual([
      { number: 1, id: "keys", title: "Keys", source: "keys", positions: [18, 43] },
      { number: 2, id: "loss", title: "Loss", source: "loss", positions: [43] },
    ]);
    expect(items.map(({ kind, id }) => [kind, id])).toEqual([
      ["knowledge", "keys"],
      ["knowledge", "loss"],
    ]);
    expect(toolCalls).toEqual([]);
    expect(llm.asked[0]?.shown).toContain("[1] Keys (keys)\nRotate the signing key");
    expect(llm.asked[0]?.options.tools).toBeUndefined();
  });

  it("leaves the answer its room in the window", async () => {
    const llm = scriptedModel([say("Yes.")], { contextLength: 400 });
    await index.ask("signing key", { llm, answerTokens: 90 });
    expect(llm.asked[0]?.options.maxTokens).toBe(90);
    expect(llm.asked[0]?.promptTokens).toBeLessThanOrEqual(310);
  });

  it("tells when the answer was cut, and when the model does not count", async () => {
    const notices: string[] = [];
    const llm = scriptedModel([say("one two three four")], { canCount: false });
    const { answer } = await index.ask("signing key", {
      llm,
      answerTokens: 3,
      kinds: ["knowledge"],
      onNotice: (message) => notices.push(message),
    });
    expect(answer).toBe("one two three");
    expect(notices.join("\n")).toMatch(/scripted does not count tokens.*3 bytes/);
    expect(notices.join("\n")).toMatch(/cut: its limit is 3 tokens/);
  });

  it("refuses empty questions, windows without room and numbers that are none", async () => {
    const llm = scriptedModel([], { contextLength: 50 });
    await expect(index.ask(" ", { llm })).rejects.toThrow(/query: got an empty text/);
    await expect(index.ask("x", { llm, answerTokens: 60 })).rejects.toThrow(
      /answerTokens: got 60.*window of 50/,
    );
    await expect(index.ask("x", { llm, maxRounds: -1 })).rejects.toThrow(/maxRounds: got -1/);
    await expect(index.ask("x", { llm, every: 0 })).rejects.toThrow(/every: got 0/);
  });
});

describe("tools", () => {
  it("offers retrieved tools, runs an allowed one and gives its result back as fenced data", async () => {
    const llm = scriptedModel([{ text: "Let me look.", calls: [distance] }, say("118.6 nautical miles.")]);
    const pieces: string[] = [];
    const { answer, toolCalls, items } = await askTools(llm, {
      allow: [service.host],
      onText: (text) => pieces.push(text),
    });
    expect(toolCalls).toEqual([
      {
        tool: "Harbour_office.getDistance",
        arguments: { from: "Marstal", to: "Ystad" },
        outcome: "done",
        result: expect.objectContaining({ nauticalMiles: 118.6 }),
        seconds: expect.any(Number),
      },
    ]);
    expect(answer).toBe("Let me look.\n\n118.6 nautical miles.");
    expect(pieces.join("")).toBe(answer);
    expect(items.map(({ kind }) => kind)).toContain("tools");

    const [first, second] = llm.asked;
    expect(first?.options.tools?.map(({ name }) => name)).toContain("getDistance");
    expect(first?.shown).not.toContain('"parameters"');
    const [asking, told] = second?.messages.slice(-2) ?? [];
    expect(asking).toMatchObject({
      role: "assistant",
      content: "Let me look.",
      toolCalls: [{ id: "call-1" }],
    });
    expect(told).toMatchObject({ role: "tool", toolCallId: "call-1" });
    expect(told?.content).toMatch(
      /no instruction inside it\.\n<tools-([0-9a-f]+)>\n\{.*118\.6.*\}\n<\/tools-\1>$/s,
    );
  });

  it("shares one MCP server among the calls of an answer, and gives results of functions", async () => {
    const llm = scriptedModel([
      { calls: [["morse_encode", '{"text":"sos"}']] },
      { calls: [["morse_decode", '{"code":"... --- ..."}']] },
      say("Done."),
    ]);
    const { toolCalls } = await index.ask("text to Morse code dots and dashes", {
      llm,
      kinds: ["tools"],
      allow: ["ships-library"],
    });
    expect(toolCalls.map(({ outcome, result }) => [outcome, result])).toEqual([
      ["done", "... --- ..."],
      ["done", "sos"],
    ]);
  });

  it("does not run what is not allowed, and tells the model", async () => {
    await using server = await listen((_, response) => response.end("{}"));
    await using own = await open({ index: join(folder, "denied"), encoder: keywordEncoder() });
    const file = join(folder, "denied.json");
    const paths = { "/fire": { get: { operationId: "fireAlarm", summary: "fire alarm" } } };
    const servers = [{ url: `http://${server.host}` }];
    await writeFile(file, JSON.stringify({ openapi: "3.1.0", info: { title: "t" }, servers, paths }));
    await own.add("tools", [file]);
    const answerWith = async (allow: readonly string[]) => {
      const llm = scriptedModel([{ calls: [["fireAlarm", "{}"]] }, say("I may not.")]);
      return { llm, ...(await own.ask("fire alarm", { llm, allow })) };
    };
    const { llm, answer, toolCalls } = await answerWith(["example.com"]);
    expect(answer).toBe("I may not.");
    expect(toolCalls).toMatchObject([{ outcome: "refused", error: { code: "not_allowed" } }]);
    expect(toolCalls[0]).not.toHaveProperty("result");
    expect(lastMessage(llm, 1)).toContain("refused: not_allowed");
    expect(server.seen).toEqual([]);
    await answerWith([server.host]);
    expect(server.seen).toHaveLength(1);
  });

  it("answers unknown tools, wrong arguments and failures with the reason, and goes on", async () => {
    const llm = scriptedModel([
      {
        calls: [
          ["deleteEverything", "{}"],
          ["getDistance", '{"from":'],
          ["getDistance", '{"from":"Marstal"}'],
          ["getDistance", '{"from":"Atlantis","to":"Ystad"}'],
        ],
      },
      say("None of it."),
    ]);
    const seen: string[] = [];
    const { answer, toolCalls } = await askTools(llm, {
      allow: [service.host],
      onToolCall: ({ tool, outcome }) => seen.push(`${tool} ${outcome}`),
    });
    expect(answer).toBe("None of it.");
    expect(toolCalls.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ["refused", "not_found"],
      ["refused", "invalid_argument"],
      ["refused", "invalid_argument"],
      ["failed", "tool_failed"],
    ]);
    expect(toolCalls[1]?.arguments).toBe('{"from":');
    expect(seen).toHaveLength(4);
    const told = llm.asked[1]?.messages.slice(-4).map(({ content }) => content) ?? [];
    expect(told[0]).toMatch(/no such tool here; wanted one of .*getDistance/);
    expect(told[2]).toContain("to is missing");
    expect(told[3]).toContain("no port Atlantis");
  });

  it("calls nothing that was not retrieved, though the index has it", async () => {
    const llm = scriptedModel([{ calls: [["morse_encode", '{"text":"a"}']] }, say("No.")]);
    const { toolCalls } = await askTools(llm, { allow: ["ships-library"], topK: 1 });
    expect(llm.asked[0]?.options.tools).toHaveLength(1);
    expect(toolCalls).toMatchObject([
      { tool: "morse_encode", outcome: "refused", error: { code: "not_found" } },
    ]);
  });

  it("ends after so many rounds with an answer without tools, and tells both", async () => {
    const notices: string[] = [];
    const ports = ["Marstal", "Ystad", "Brest", "Bergen", "Lisbon"];
    const llm = scriptedModel(({ options }) =>
      options.tools === undefined
        ? say("Enough.")
        : { calls: [["getDistance", `{"from":"Greenwich","to":"${ports[llm.asked.length - 1]}"}`]] },
    );
    const { answer, toolCalls } = await askTools(llm, {
      allow: [service.host],
      maxRounds: 3,
      onNotice: (message) => notices.push(message),
    });
    expect(answer).toBe("Enough.");
    expect(llm.asked).toHaveLength(4);
    expect(toolCalls.map(({ outcome }) => outcome)).toEqual(["done", "done", "done"]);
    expect(lastMessage(llm, 3)).toMatch(/No more tools can be called/);
    expect(lastMessage(llm, 2)).not.toMatch(/No more tools/);
    expect(notices).toEqual([expect.stringContaining("3 rounds")]);
  });

  it("runs the same call once, and stops a model that only repeats itself", async () => {
    const other = ["getDistance", '{ "to": "Ystad", "from": "Marstal" }'] as const;
    const llm = scriptedModel(({ options }) =>
      options.tools === undefined ? say("118.6.") : { calls: [llm.asked.length === 1 ? distance : other] },
    );
    const { answer, toolCalls } = await askTools(llm, { allow: [service.host], maxRounds: 50 });
    expect(answer).toBe("118.6.");
    expect(llm.asked).toHaveLength(3);
    expect(toolCalls.map(({ outcome }) => outcome)).toEqual(["done", "repeated"]);
  });

  it("bounds the calls of one round, and records calls that come when there are no more", async () => {
    const many = Array.from({ length: 12 }, (_, at) => ["nothing", `{"at":${at}}`] as const);
    const llm = scriptedModel([{ calls: many }, { text: "So be it.", calls: [distance] }]);
    const { answer, toolCalls } = await askTools(llm, { maxRounds: 1 });
    expect(answer).toBe("So be it.");
    expect(toolCalls).toHaveLength(13);
    expect(toolCalls[8]?.error?.message).toContain("8 calls at most");
    expect(toolCalls[12]).toMatchObject({ outcome: "refused", error: { code: "not_allowed" } });
  });

  it("answers without tools where the window has no room for results", async () => {
    const notices: string[] = [];
    const many = Array.from({ length: 8 }, (_, at) => ["show", `{"at":${at}}`] as const);
    const llm = scriptedModel([{ text: "I look.", calls: many }, say("As I know.")], { contextLength: 600 });
    await using own = await open({ index: join(folder, "full"), encoder: keywordEncoder() });
    await own.add("tools", [{ name: "show", description: "show all" }]);
    const { answer, toolCalls } = await own.ask("show all", {
      llm,
      allow: ["show"],
      functions: { show: () => "x" },
      onNotice: (message) => notices.push(message),
    });
    expect(answer).toBe("I look.\n\nAs I know.");
    expect(toolCalls.map(({ outcome }) => outcome)).toEqual(many.map(() => "refused"));
    expect(llm.asked[1]?.messages).toEqual(llm.asked[0]?.messages);
    expect(llm.asked[1]?.options.tools).toBeUndefined();
    expect(notices).toEqual([expect.stringContaining("no room for more results")]);
  });

  it("offers none with maxRounds 0, and goes without them where the model cannot call", async () => {
    const none = scriptedModel([say("ok")]);
    await askTools(none, { maxRounds: 0 });
    expect(none.asked[0]?.options.tools).toBeUndefined();

    const notices: string[] = [];
    const llm = scriptedModel([say("Without.")], { canCallTools: false });
    const { answer } = await askTools(llm, { onNotice: (message) => notices.push(message) });
    expect(answer).toBe("Without.");
    expect(notices).toEqual([expect.stringContaining("scripted cannot call tools")]);
  });

  it("cuts a result that the window has no room for", async () => {
    const llm = scriptedModel([{ calls: [["show", "{}"]] }, say("Long.")], { contextLength: 500 });
    await using own = await open({ index: join(folder, "cut"), encoder: keywordEncoder() });
    await own.add("tools", [{ name: "show", description: "show all" }]);
    const { toolCalls } = await own.ask("show all", {
      llm,
      answerTokens: 100,
      allow: ["show"],
      functions: { show: () => "word ".repeat(2000) },
    });
    expect(toolCalls[0]?.outcome).toBe("done");
    expect(lastMessage(llm, 1)).toMatch(/Cut: the first \d+ of 10000 characters\.$/);
    expect((llm.asked[1]?.promptTokens ?? 0) + 100).toBeLessThanOrEqual(500);
  });

  it("gives tools of one name from two servers names of their own", async () => {
    await using own = await open({ index: join(folder, "names"), encoder: keywordEncoder() });
    const files = ["one.json", "two.json"].map((name) => join(folder, name));
    for (const file of files) await writeFile(file, '[{"name":"find","description":"find things"}]');
    await own.add("tools", files);
    const llm = scriptedModel([
      {
        calls: [
          ["find", "{}"],
          ["find_2", "{}"],
        ],
      },
      say("Both."),
    ]);
    const functions = { "one.find": () => "from one", "two.find": () => "from two" };
    const { toolCalls } = await own.ask("find things", { llm, allow: ["find"], functions });
    expect(toolCalls.map(({ result }) => result).sort()).toEqual(["from one", "from two"]);
    expect(new Set(toolCalls.map(({ tool }) => tool)).size).toBe(2);
  });
});

describe("interruption", () => {
  it("stops in the middle of the text when aborted", async () => {
    const control = new AbortController();
    const llm = scriptedModel([
      { text: "one two three four five", onWord: (count) => count === 2 && control.abort() },
    ]);
    const pieces: string[] = [];
    const asking = askTools(llm, { signal: control.signal, onText: (text) => pieces.push(text) });
    await expect(asking).rejects.toThrow(/abort/i);
    expect(pieces).toEqual(["one", " two"]);
  });

  it("stops a running tool when aborted, and asks the model no more", async () => {
    const control = new AbortController();
    await using own = await open({ index: join(folder, "slow"), encoder: keywordEncoder() });
    await own.add("tools", [{ name: "wait", description: "wait long" }]);
    const llm = scriptedModel([{ calls: [["wait", "{}"]] }]);
    const functions = {
      wait: () => {
        control.abort();
        return new Promise(() => undefined);
      },
    };
    const asking = own.ask("wait long", { llm, allow: ["wait"], functions, signal: control.signal });
    await expect(asking).rejects.toThrow(/abort/i);
    expect(llm.asked).toHaveLength(1);
  });

  it("passes on an error of the model, and leaves the index as it was", async () => {
    const before = await index.status();
    const llm = scriptedModel([
      { text: "half an", error: new RetrieveError("network", "the server went away") },
    ]);
    const long = "The harbour has many ropes. ".repeat(2000);
    const asking = index.ask(long, { llm, maxTokens: 200 });
    await expect(asking).rejects.toMatchObject({ code: "network", message: "the server went away" });
    expect(await index.status()).toEqual(before);
  });
});

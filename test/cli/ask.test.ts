/** `retrieve ask` against a scripted OpenAI-compatible server and the sample tools. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLanguageModel } from "#src/llm/index.js";
import { RetrieveError } from "#src/std/index.js";
import { scriptedServer } from "../support/scripted-server.ts";
import { type HereOptions, jsonOf, retrieveHere } from "./here.ts";
import { retrieve } from "./run-cli.ts";

const samples = resolve(import.meta.dirname, "../../samples");
const folder = mkdtempSync(join(tmpdir(), "retrieve-ask-"));
const at = ["--index", join(folder, "index")];

let service: { readonly host: string; readonly url: string; close(): Promise<void> };

beforeAll(async () => {
  service = await (await import(pathToFileURL(join(samples, "tools/service.mjs")).href)).startService();
  const passages = join(folder, "passages.jsonl");
  const title = `Keys and ${"very ".repeat(30)}long titles`;
  writeFileSync(
    passages,
    `${JSON.stringify({ _id: "keys", title, text: "Rotate the signing key every ninety days." })}\n`,
  );
  await jsonOf(["add", "knowledge", passages, ...at]);
  await jsonOf([
    "add",
    "tools",
    service.url,
    `mcp:"${process.execPath}" "${join(samples, "tools/library.mjs")}"`,
    ...at,
  ]);
});
afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

const question =
  "How far is it by sea from Marstal to Ystad, what is SOS in Morse code, and when do I rotate the signing key?";
const script = [
  {
    text: "Let me see.",
    calls: [
      { name: "getDistance", arguments: '{"from":"Marstal","to":"Ystad"}' },
      { name: "morse_encode", arguments: '{"text":"sos"}' },
    ],
  },
  { text: "It is 118.6 nautical miles; rotate every ninety days [1]." },
];
const answer = "Let me see.\n\nIt is 118.6 nautical miles; rotate every ninety days [1].";
const llm = (url: string): string[] => ["--llm", `openai:scripted@${url}`];

const hasClient = await openLanguageModel("openai:scripted@http://127.0.0.1:9/v1").then(
  async (model) => {
    await model.close();
    return true;
  },
  (error) => !RetrieveError.isInstance(error) || error.code !== "invalid_argument",
);
if (!hasClient) console.warn("skipped: this build has no client for OpenAI-compatible servers");

describe.skipIf(!hasClient)("against a server", () => {
  it("prints the whole answer with citations, items and calls as JSON", async () => {
    await using server = await scriptedServer(script);
    const allow = ["--allow", service.host, "--allow", "ships-library"];
    const report = await jsonOf(["ask", question, ...llm(server.url), ...allow, ...at], {
      env: { RETRIEVE_LLM_KEY: "secret", OPENAI_API_KEY: "other" },
    });
    expect(Object.keys(report)).toEqual(["answer", "citations", "items", "toolCalls"]);
    expect(report.answer).toBe(answer);
    expect(report.citations).toMatchObject([{ number: 1, id: "keys", positions: [answer.indexOf("[1]")] }]);
    expect(report.items.map(({ kind }: { kind: string }) => kind)).toContain("tools");
    expect(report.toolCalls).toMatchObject([
      { tool: "Harbour_office.getDistance", outcome: "done", result: { nauticalMiles: 118.6 } },
      { tool: "ships-library.morse_encode", outcome: "done", result: "... --- ..." },
    ]);

    expect(server.authorizations).toEqual(["Bearer secret", "Bearer secret"]);
    const [first, second] = server.requests;
    expect(first?.model).toBe("scripted");
    expect(first?.tools?.map(({ function: { name } }) => name)).toContain("getDistance");
    expect(first?.max_completion_tokens ?? first?.max_tokens).toBe(1024);
    const [asking, ...told] = second?.messages.slice(-3) ?? [];
    expect(asking).toMatchObject({ role: "assistant", content: "Let me see." });
    expect(asking?.tool_calls).toMatchObject([
      { type: "function", function: { name: "getDistance", arguments: '{"from":"Marstal","to":"Ystad"}' } },
      { function: { name: "morse_encode" } },
    ]);
    expect(told.map((message) => message.tool_call_id)).toEqual(asking?.tool_calls?.map(({ id }) => id));
    expect(told[0]?.content).toMatch(/<tools-[0-9a-f]+>\n.*118\.6/s);
  });

  it("streams text to a person, then the sources within 80 columns; calls go to stderr", async () => {
    await using server = await scriptedServer(script);
    const allow = ["--allow", service.host];
    const finished = await retrieve(["ask", question, ...llm(server.url), ...allow, ...at], {
      env: { NO_COLOR: "1" },
    });
    expect(finished.code).toBe(0);
    expect(finished.stdout.startsWith(`${answer}\n\n[1] Keys and very`)).toBe(true);
    expect(finished.stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(finished.stdout).not.toContain("\u001b");
    expect(finished.stderr).toMatch(
      /^called Harbour_office\.getDistance \{"from":"Marstal","to":"Ystad"\} in/m,
    );
    expect(finished.stderr).toMatch(/^refused ships-library\.morse_encode .*--allow ships-library$/m);
  });

  it("colours the marks of sources on a terminal, unless NO_COLOR is set", async () => {
    const run = async (env: Record<string, string>) => {
      await using server = await scriptedServer([{ text: "Every ninety days [1]." }]);
      const given = [question, "--kinds", "knowledge", ...llm(server.url), ...at];
      return (await retrieveHere(["ask", ...given], { columns: 60, env })).stdout;
    };
    expect(await run({})).toContain("\u001b[36m[1] \u001b[39m");
    expect(await run({ NO_COLOR: "1" })).not.toContain("\u001b");
  });

  it("reads a long question from standard input", async () => {
    await using server = await scriptedServer([{ text: "Ninety-one." }]);
    const filler = "Nothing of note was written on this day. ".repeat(700);
    const input = `${filler}The anchor chain has ninety-one links. ${filler}How many links has the anchor chain?`;
    const report = await jsonOf(["ask", "-", "--kinds", "knowledge", ...llm(server.url), ...at], { input });
    expect(report.answer).toBe("Ninety-one.");
    const prompt = server.requests[0]?.messages.map(({ content }) => content).join("\n") ?? "";
    expect(prompt).toContain("The anchor chain has ninety-one links.");
    expect(prompt.length).toBeLessThan(26_000);
  });

  it("goes on writing a text, with what the index has put in front of it", async () => {
    const first = ` we rotate the signing key,${" so and so".repeat(20)}`;
    await using server = await scriptedServer([{ text: first }, { text: " and that is all." }]);
    const given = ["In spring", "--continue", "--every", "40", ...llm(server.url), ...at];
    const report = await jsonOf(["ask", ...given]);
    expect(Object.keys(report)).toEqual(["answer", "citations", "items", "toolCalls"]);
    expect(report).toMatchObject({
      answer: `${first.split(" ").slice(0, 41).join(" ")} and that is all.`,
      citations: [],
      items: [{ kind: "knowledge", id: "keys" }],
      toolCalls: [],
    });
    expect(server.requests[1]?.prompt).toMatch(
      /Rotate the signing key every ninety days\.\n\nIn spring we rotate/,
    );
  });

  it("tells of a call on a line of its own where answer and notices share a terminal", async () => {
    const replies = [
      { text: "Let me see.", calls: [{ name: "nowhere", arguments: "{}" }] },
      { text: "In spring." },
    ];
    const ask = async (options: HereOptions): Promise<string> => {
      await using server = await scriptedServer(replies);
      const { stdout, stderr } = await retrieveHere(["ask", question, ...llm(server.url), ...at], options);
      expect(stderr).toContain("nowhere {}");
      return stdout;
    };
    expect(await ask({ columns: 60 })).toMatch(/^Let me see\.\n\n\nIn spring\.\n/);
    expect(await ask({})).toMatch(/^Let me see\.\n\nIn spring\.\n/);
  });

  it("ends the line and says what happened when the model breaks in the middle", async () => {
    await using server = await scriptedServer(
      Array.from({ length: 12 }, () => ({ text: "Half an", breaks: true })),
    );
    const { code, stdout, stderr } = await retrieveHere([
      "ask",
      question,
      ...llm(server.url),
      ...at,
      "--quiet",
    ]);
    expect(code).toBe(1);
    expect(stdout).toBe("Half an\n");
    expect(stderr).toMatch(/^retrieve: /);
    expect(stderr).not.toMatch(/internal error/);
  });
});

it("says what is wrong with the address of a model", async () => {
  const { code, stderr } = await retrieveHere(["ask", "x", "--llm", "gpt:5", ...at]);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("openai:MODEL@URL") });
});

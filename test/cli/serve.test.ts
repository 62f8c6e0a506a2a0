/** `retrieve serve` as a process: it tells where it is, answers, and ends with Ctrl-C. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { openLanguageModel } from "#src/llm/index.js";
import { collect } from "../support/collect.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { retrieveHere } from "./here.ts";

const main = resolve(import.meta.dirname, "../../dist/cli/main.js");

it.each([[["--json"]], [[]]])("serves a model until it is interrupted %s", async (flags) => {
  await using upstream = await scriptedServer([{ text: "Hello to you." }]);
  const args = [
    "serve",
    "--completions",
    "--llm",
    `openai:scripted@${upstream.url}`,
    "--port",
    "0",
    ...flags,
  ];
  const env = { ...process.env, RETRIEVE_LLM_KEY: "theirs", RETRIEVE_SERVE_KEY: "ours" };
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  try {
    const [line] = await once(createInterface(child.stdout), "line");
    const url = flags.length > 0 ? JSON.parse(line).url : line.replace(/^.*@/, "");
    if (flags.length > 0) expect(JSON.parse(line)).toEqual({ url, model: "scripted" });
    else expect(line).toBe(`scripted at ${url}; use it as openai:scripted@${url}`);
    const llm = await openLanguageModel(`openai:scripted@${url}`, { key: "ours" });
    const events = await collect(llm.generate({ messages: [{ role: "user", content: "Hello" }] }));
    expect(events.map((event) => (event.type === "text" ? event.text : "")).join("")).toBe("Hello to you.");
    expect(upstream.authorizations).toEqual(["Bearer theirs"]);
    await expect(openLanguageModel(`openai:scripted@${url}`)).rejects.toMatchObject({ code: "not_allowed" });
  } finally {
    child.kill("SIGINT");
  }
  expect(await ended).toEqual([0, null]);
});

it.each([
  ["localhost", false],
  ["0.0.0.0", true],
])("says whether other machines may reach it at %s", async (host, isOpen) => {
  await using upstream = await scriptedServer([]);
  const llm = `openai:scripted@${upstream.url}`;
  const args = ["serve", "--completions", "--llm", llm, "--port", "0", "--host", host];
  const env = { ...process.env, RETRIEVE_SERVE_KEY: "ours" };
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  let told = "";
  child.stderr.on("data", (chunk: Buffer) => {
    told += chunk.toString();
  });
  try {
    const [line] = await once(createInterface(child.stdout), "line");
    expect(line).toContain(`http://${host}:`);
  } finally {
    child.kill("SIGINT");
  }
  expect(await ended).toEqual([0, null]);
  expect(told.includes(`other machines may reach ${host}`)).toBe(isOpen);
});

it("wants to be told what to serve, and a key for other machines", async () => {
  expect(await retrieveHere(["serve"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--completions"),
  });
  expect(await retrieveHere(["serve", "--completions"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--llm"),
  });
  const wrong = await retrieveHere(["serve", "--completions", "--llm", "qwen3"]);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("wanted openai:MODEL@URL") });
  await using upstream = await scriptedServer([]);
  const open = [
    "serve",
    "--completions",
    "--llm",
    `openai:scripted@${upstream.url}`,
    "--port",
    "0",
    "--host",
    "0.0.0.0",
  ];
  expect(await retrieveHere(open)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("RETRIEVE_SERVE_KEY"),
  });
  const slow = [...open, "--timeout", "301"];
  expect(await retrieveHere(slow)).toMatchObject({ code: 2, stderr: expect.stringContaining("at most 300") });
});

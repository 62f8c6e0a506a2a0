/** MCP servers: two of the reference servers as published, and one that misbehaves. */

import { mkdtemp, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { callTool, openMcpServers, parseTool, readTools, type Tool } from "#src/augment/tools/index.js";
import { splitCommand } from "#src/augment/tools/mcp/command.js";

const resolve = createRequire(import.meta.url).resolve;
const packageFile = (name: string, file: string): string =>
  join(dirname(resolve(`${name}/package.json`)), file);
const everything = packageFile("@modelcontextprotocol/server-everything", "dist/index.js");
const memory = packageFile("@modelcontextprotocol/server-memory", "dist/index.js");
const hostile = join(import.meta.dirname, "hostile-server.mjs");

const source = (file: string, ...args: string[]): string =>
  `mcp:'${process.execPath}' '${file}' ${args.join(" ")}`.trim();
const named = (tools: readonly Tool[], name: string): Tool =>
  tools.find((tool) => tool.name === name) ?? expect.unreachable(name);
const inFolder = async (content: unknown): Promise<string> => {
  const path = join(await mkdtemp(join(tmpdir(), "mcp-")), "mcp.json");
  await writeFile(path, JSON.stringify(content));
  return path;
};
const running = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("server-everything", () => {
  let tools: Tool[];
  beforeAll(async () => {
    tools = await readTools(source(everything));
  });

  it("lists its tools with their schemas, under its own name", () => {
    const echo = named(tools, "echo");
    expect(tools.length).toBeGreaterThan(5);
    expect(echo.id).toMatch(/^[\w-]+\.echo$/);
    expect(echo.parameters).toMatchObject({
      type: "object",
      properties: { message: { type: "string" } },
      required: ["message"],
    });
    expect(echo.execution).toEqual({
      type: "mcp",
      server: echo.server,
      tool: "echo",
      launch: { command: [process.execPath, everything] },
    });
    expect(parseTool(JSON.parse(JSON.stringify(echo)))).toEqual(echo);
  });

  it("runs what is allowed, by its name, its command or the tool's id", async () => {
    await using servers = openMcpServers();
    const echo = named(tools, "echo");
    for (const allow of [echo.server, `${process.execPath} ${everything}`, echo.id]) {
      const { result } = await callTool(echo, { message: "hello" }, { allow: [allow], servers });
      expect(result).toBe("Echo: hello");
    }
  });

  it("gives structured content as it is, and other content as blocks", async () => {
    await using servers = openMcpServers();
    const options = { allow: [named(tools, "echo").server], servers };
    const weather = await callTool(named(tools, "get-structured-content"), { location: "Chicago" }, options);
    expect(weather.result).toMatchObject({ temperature: expect.any(Number) });
    const image = await callTool(named(tools, "get-tiny-image"), {}, options);
    expect(image.result).toContainEqual(expect.objectContaining({ type: "image", mimeType: "image/png" }));
  });

  it("is not started for arguments that are wrong, or when it is not allowed", async () => {
    const echo = named(tools, "echo");
    const servers = {
      open: () => expect.unreachable("started"),
      close: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    };
    await expect(callTool(echo, { message: 1 }, { allow: [echo.server], servers })).rejects.toMatchObject({
      code: "invalid_argument",
    });
    await expect(
      callTool(echo, { message: "x" }, { allow: ["node", "api.example.com"], servers }),
    ).rejects.toMatchObject({
      code: "not_allowed",
      message: expect.stringContaining(`--allow ${echo.server}`),
    });
  });
});

describe("an mcpServers file", () => {
  it("starts its servers with their environment, which is kept in no tool", async () => {
    const file = join(await mkdtemp(join(tmpdir(), "mcp-")), "graph.jsonl");
    const notices: string[] = [];
    const path = await inFolder({
      mcpServers: {
        "my notes": { command: process.execPath, args: [memory], env: { MEMORY_FILE_PATH: file } },
        remote: { url: "https://mcp.example.com" },
        off: { command: "nowhere", disabled: true },
      },
    });
    const tools = await readTools(path, { onNotice: (notice) => notices.push(notice) });
    expect(notices).toEqual([expect.stringMatching(/mcpServers\.remote is left out/)]);
    expect(JSON.stringify(tools)).not.toContain(file);
    const create = named(tools, "create_entities");
    expect(create).toMatchObject({
      id: "my_notes.create_entities",
      execution: { server: "my notes", launch: { config: path } },
    });
    const entities = [{ name: "Ada", entityType: "person", observations: ["wrote the first program"] }];
    await using servers = openMcpServers();
    const options = { allow: ["my notes"], servers };
    await callTool(create, { entities }, options);
    const graph = await callTool(named(tools, "read_graph"), {}, options);
    expect(graph.result).toMatchObject({ entities: [{ name: "Ada" }] });
    await writeFile(path, JSON.stringify({ mcpServers: {} }));
    await expect(callTool(create, { entities }, options)).rejects.toMatchObject({ code: "not_found" });
  });

  it.each([
    [{ mcpServers: { a: { args: [] } } }, /mcpServers\.a\.command is undefined/],
    [{ mcpServers: { a: { command: "x", args: "y" } } }, /mcpServers\.a\.args is "y"/],
    [
      { mcpServers: { a: { command: "x", env: { KEY: 1, TOKEN: "hush" } } } },
      /mcpServers\.a\.env: wanted an object whose values are strings$/,
    ],
    [{ mcpServers: [] }, /no mcpServers/],
    [{ mcpServers: { a: { url: "https://x.example" } } }, /offer no tool/],
  ])("that is wrong says where: %j", async (config, message) => {
    await expect(readTools(await inFolder(config))).rejects.toMatchObject({
      code: "invalid_data",
      message: expect.stringMatching(message),
    });
  });
});

describe("a server that misbehaves", () => {
  it("has its pages read, and cannot take the name of a host", async () => {
    const tools = await readTools(source(hostile));
    expect(tools.map(({ id }) => id)).toEqual([
      "api_example_com.a",
      "api_example_com.b",
      "api_example_com.c",
    ]);
    await expect(callTool(named(tools, "a"), {}, { allow: ["api.example.com"] })).rejects.toMatchObject({
      code: "not_allowed",
    });
  });

  it("is one process for many calls, ended with the servers, without a shell", async () => {
    const [a, b, c] = await readTools(source(hostile, "ok", "'$HOME `id`'", '"; rm"'));
    const servers = openMcpServers();
    const options = { allow: ["api_example_com"], servers };
    const first = (await callTool(a!, {}, options)).result as { pid: number; rest: string[] };
    expect(first.rest).toEqual(["$HOME `id`", "; rm"]);
    expect((await callTool(a!, {}, options)).result).toEqual(first);
    expect((await callTool(c!, {}, options)).result).toEqual({ odd: "c" });
    await expect(callTool(b!, {}, options)).rejects.toMatchObject({
      code: "tool_failed",
      message: expect.stringMatching(/with an error: went \[2Jwrong/),
    });
    expect(running(first.pid)).toBe(true);
    await servers.close();
    expect(running(first.pid)).toBe(false);
  });

  it("that dies is started again by the next call", async () => {
    const [a] = await readTools(source(hostile));
    await using servers = openMcpServers();
    const options = { allow: ["api_example_com"], servers };
    const { pid } = (await callTool(a!, {}, options)).result as { pid: number };
    process.kill(pid, "SIGKILL");
    await expect
      .poll(async () =>
        callTool(a!, {}, options).then(
          ({ result }) => result,
          () => undefined,
        ),
      )
      .toMatchObject({
        pid: expect.not.toSatisfy((next: number) => next === pid),
      });
  });

  it.each([
    ["is not there", "mcp:no-such-program-here x", "not_found", /no program "no-such-program-here"/],
    [
      "ends at once",
      source(hostile, "exit"),
      "network",
      /did not start: .*stderr ends: \[31mthis is the end of stderr/,
    ],
    ["never answers in time", source(hostile, "silent"), "network", /did not start/],
    ["is not given", "mcp:", "invalid_argument", /no command given/],
    ["has an open quote", "mcp:node 'x", "invalid_argument", /quote ' is not closed/],
  ])("%s: says so", async (_, command, code, message) => {
    await expect(
      readTools(command, { timeoutMs: code === "network" && !command.endsWith("exit") ? 500 : 20_000 }),
    ).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it("whose pages never end is left", async () => {
    await expect(readTools(source(hostile, "endless"))).rejects.toMatchObject({
      code: "network",
      message: expect.stringMatching(/did not list its tools/),
    });
  });

  it("that answers too late or too much is stopped", async () => {
    const [a] = await readTools(source(hostile, "slow"));
    const allow = ["api_example_com"];
    await expect(callTool(a!, {}, { allow, timeoutMs: 1500 })).rejects.toMatchObject({ code: "network" });
    const [quick] = await readTools(source(hostile));
    await expect(callTool(quick!, {}, { allow, maxResponseBytes: 10 })).rejects.toMatchObject({
      code: "not_allowed",
    });
  });
});

describe("splitCommand", () => {
  it.each([
    ["node server.js", ["node", "server.js"]],
    ["  a   b  ", ["a", "b"]],
    ["'a b' \"c d\" e\\ f", ["a b", "c d", "e f"]],
    [`x'y'"z" '' ""`, ["xyz", "", ""]],
    ['"a\\"b\\\\c" \'d\\e\'', ['a"b\\c', "d\\e"]],
    ["C:\\tools\\mcp.exe --dir=$HOME *", ["C:\\tools\\mcp.exe", "--dir=$HOME", "*"]],
  ])("%s", (line, words) => expect(splitCommand(line)).toEqual(words));
});

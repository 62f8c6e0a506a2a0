/** From descriptions to tools: OpenAPI 3 documents with their traps, function schemas in four dialects. */

import { mkdtemp, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  functionTools,
  openApiTools,
  readTools,
  type Tool,
  toolDocumentText,
  toolSchema,
  toolSourceRecord,
} from "#src/augment/tools/index.js";
import { listen } from "./listen.ts";

const shop = join(import.meta.dirname, "shop.openapi.yaml");
const toolsByName = async (source: string): Promise<Map<string, Tool>> =>
  new Map((await readTools(source)).map((tool) => [tool.name, tool]));

const inFile = async (name: string, content: unknown): Promise<string> => {
  const path = join(await mkdtemp(join(tmpdir(), "tools-")), name);
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
};

describe("an OpenAPI document", () => {
  let tools: Map<string, Tool>;
  beforeAll(async () => {
    tools = await toolsByName(shop);
  });

  it("gives a tool for each operation, named by its id, made up where there is none, each name once", () => {
    expect([...tools.keys()]).toEqual([
      "get_order_by-id",
      "delete_orders_order_id",
      "createOrder",
      "createOrder_2",
      "putCategory",
      "post_login",
      "addNote",
      "upload",
    ]);
    expect(tools.get("createOrder")).toMatchObject({
      id: "Corner_Shop_API.createOrder",
      server: "Corner_Shop_API",
    });
  });

  it("puts the parameters of path and operation into one object, the operation's own first", () => {
    const { parameters } = tools.get("get_order_by-id")!;
    expect(parameters).toEqual({
      type: "object",
      properties: {
        order_id: { type: "integer", exclusiveMinimum: 0 },
        verbose: { type: "boolean", default: false, description: "Show the lines too" },
        fields: { type: "array", items: { type: "string" } },
        filter_state: { type: ["string", "null"], enum: ["open", "done", null] },
        where: { type: "object" },
        box: { type: "object" },
        "X-Trace": { type: "string" },
        session: { type: "string" },
      },
      required: ["order_id"],
      additionalProperties: false,
    });
  });

  it("keeps where each argument goes, and leaves out headers that only the host may set", () => {
    const { execution } = tools.get("get_order_by-id")!;
    expect(execution).toMatchObject({
      type: "http",
      method: "GET",
      url: "http://localhost:8080/v1/orders/{order_id}",
    });
    const parameters = execution.type === "http" ? execution.parameters : [];
    expect(
      parameters.map(({ argument, name, in: place, style, explode, json }) =>
        [argument, name, place, style, explode, json].join(" ").trim(),
      ),
    ).toEqual([
      "order_id order_id path simple false",
      "verbose verbose query form true",
      "fields fields query form false",
      "filter_state filter[state] query form true",
      "where where query form true true",
      "box box query deepObject true",
      "X-Trace X-Trace header simple false",
      "session session cookie form true",
    ]);
  });

  it("tells apart a path and a query parameter of one name", () => {
    const { parameters } = tools.get("delete_orders_order_id")!;
    expect(Object.keys(parameters["properties"] ?? {})).toEqual(["order_id", "verbose", "order_id_query"]);
  });

  it("flattens a plain body, merging allOf and dropping what is read only", () => {
    const { parameters, execution } = tools.get("createOrder")!;
    expect(parameters).toEqual({
      type: "object",
      properties: {
        goods: { type: "string", description: "What is ordered", examples: ["bread"] },
        count: { type: "integer", format: "int32", default: 1 },
      },
      required: ["goods"],
      additionalProperties: false,
    });
    expect(execution).toMatchObject({
      url: "https://orders.example.com/orders",
      body: { encoding: "json", from: { rest: false } },
    });
  });

  it("keeps a recursive schema finite", () => {
    const { parameters } = tools.get("putCategory")!;
    expect(parameters).toEqual({
      type: "object",
      properties: {
        name: { type: "string" },
        parent: { $ref: "#/$defs/Category" },
        children: { type: "array", items: { $ref: "#/$defs/Category" } },
      },
      required: ["name"],
      additionalProperties: false,
      $defs: {
        Category: {
          type: "object",
          required: ["name"],
          properties: {
            name: { type: "string" },
            parent: { $ref: "#/$defs/Category" },
            children: { type: "array", items: { $ref: "#/$defs/Category" } },
          },
        },
      },
    });
  });

  it("reads forms with further fields, and texts as one argument", () => {
    expect(tools.get("post_login")).toMatchObject({
      parameters: { required: ["user"], additionalProperties: { type: "string" } },
      execution: {
        body: {
          encoding: "form",
          from: { fields: [{ argument: "user" }, { argument: "roles", name: "roles[]" }], rest: true },
        },
      },
    });
    expect(tools.get("addNote")).toMatchObject({
      parameters: { properties: { body: { type: "string" } }, required: ["body"] },
      execution: { body: { encoding: "text", contentType: "text/plain", from: { argument: "body" } } },
    });
  });

  it("has the text of the reference format", () => {
    expect(toolDocumentText(tools.get("delete_orders_order_id")!)).toBe(
      'Corner Shop API, Corner_Shop_API, delete_orders_order_id, DELETE /orders/{order_id}, required_params: [{"name": "order_id", "type": "integer", "description": ""}], optional_params: [{"name": "verbose", "type": "boolean", "description": ""}, {"name": "order_id_query", "type": "integer", "description": ""}], return_schema: {}',
    );
    expect(toolDocumentText(tools.get("get_order_by-id")!)).toMatch(
      /^orders, Corner_Shop_API, Look up an order, Look up an order\nTells the state of one order\., required_params: .*, optional_params: \[\{"name": "verbose", "type": "boolean", "description": "Show the lines too", "default": false\}, .*"name": "filter_state", "type": "ENUM".*, return_schema: \{"id": "int", "goods": "str", "count": "int"\}$/,
    );
  });
});

describe("OpenAPI documents that are hard", () => {
  const openApi = (paths: unknown, components: unknown = {}, more: object = {}): object => ({
    openapi: "3.1.0",
    info: { title: "T", version: "1" },
    paths,
    components,
    ...more,
  });
  const posting = (schema: unknown, more: object = {}): object => ({
    "/x": {
      post: { operationId: "x", requestBody: { content: { "application/json": { schema } }, ...more } },
    },
  });

  it("stays small where references double at each level", () => {
    const level = (number: number): [string, unknown] => {
      const ref = { $ref: `#/components/schemas/L${number + 1}` };
      return [`L${number}`, { type: "object", properties: { left: ref, right: ref } }];
    };
    const schemas = {
      ...Object.fromEntries(Array.from({ length: 40 }, (_, number) => level(number))),
      L40: { type: "string" },
    };
    const [tool] = openApiTools(openApi(posting({ $ref: "#/components/schemas/L0" }), { schemas }), "t");
    expect(JSON.stringify(tool).length).toBeLessThan(100_000);
  });

  it("keeps a body whole that has conditions of its own, or may be left out though it has required fields", () => {
    const choice = {
      type: "object",
      properties: { a: {}, b: {} },
      oneOf: [{ required: ["a"] }, { required: ["b"] }],
    };
    const optional = { type: "object", properties: { a: {} }, required: ["a"] };
    const [whole] = openApiTools(openApi(posting(choice)), "t");
    const [left] = openApiTools(openApi(posting(optional, { required: false })), "t");
    expect(whole?.parameters["properties"]).toEqual({ body: choice });
    expect(left?.parameters).toEqual({
      type: "object",
      properties: { body: optional },
      additionalProperties: false,
    });
  });

  it("combines a reference with what stands beside it", () => {
    const schemas = { Age: { type: "integer", description: "years" } };
    const ref = "#/components/schemas/Age";
    const body = {
      type: "object",
      properties: {
        named: { $ref: ref, description: "age of the dog" },
        bounded: { $ref: ref, maximum: 9 },
        absent: { $ref: ref, nullable: true },
      },
    };
    const [tool] = openApiTools(openApi(posting(body), { schemas }), "t");
    expect(tool?.parameters["properties"]).toEqual({
      named: { type: "integer", description: "age of the dog" },
      bounded: { allOf: [schemas.Age, { maximum: 9 }] },
      absent: { anyOf: [schemas.Age, { type: "null" }] },
    });
  });

  it("takes data that looks like schemas as data", () => {
    const property = { enum: [{ $ref: "#/nowhere" }], default: { properties: { $ref: "#/nowhere" } } };
    const body = { type: "object", properties: { $ref: { type: "string" }, a: property } };
    const [tool] = openApiTools(openApi(posting(body)), "t");
    expect(tool?.parameters["properties"]).toEqual({ ref: { type: "string" }, a: property });
  });

  it("makes relative servers absolute by the document's URL, and cannot without", () => {
    const document = openApi(posting({}), {}, { servers: [{ url: "../v2?x=1" }] });
    const url = (source: string): unknown =>
      openApiTools(document, source).map(({ execution }) => execution)[0];
    expect(url("https://api.example.com/docs/openapi.json")).toMatchObject({
      url: "https://api.example.com/v2/x",
    });
    expect(url("/tmp/openapi.json")).toMatchObject({ url: "../v2/x" });
  });

  it.each([
    ["unsupported", { swagger: "2.0" }, /Swagger 2\.0 .*swagger2openapi/],
    ["unsupported", { openapi: "2.5" }, /wanted 3\.0 or 3\.1/],
    ["unsupported", openApi(posting({ $ref: "pet.yaml#/Pet" })), /pet\.yaml.*bundle/],
    ["unsupported", openApi(posting({ $ref: "http://evil.example/x" })), /leaves the document/],
    ["invalid_data", openApi(posting({ $ref: "#/components/schemas/None" })), /points to nothing/],
    ["invalid_data", openApi(posting({ $ref: "#/constructor/name" })), /points to nothing/],
    [
      "invalid_data",
      openApi(posting({ $ref: "#/components/a" }), {
        a: { $ref: "#/components/b" },
        b: { $ref: "#/components/a" },
      }),
      /refers to itself/,
    ],
    [
      "invalid_data",
      JSON.parse(`{"openapi":"3.0.0","paths":${'{"a":'.repeat(500)}1${"}".repeat(500)}}`),
      /deeper than 100/,
    ],
    ["invalid_data", JSON.parse('{"openapi":"3.0.0","paths":{"__proto__":{}}}'), /__proto__/],
  ])("refuses: %s", (code, document, message) => {
    expect(() => openApiTools(document, "t.json")).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});

describe("function schemas", () => {
  const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

  it("are read in four dialects", () => {
    const tools = functionTools([
      { type: "function", function: { name: "openai", description: "d", parameters } },
      { name: "bare", description: "d", parameters },
      { name: "mcp", description: "d", inputSchema: parameters, outputSchema: { type: "object" } },
      { name: "anthropic", description: "d", input_schema: parameters },
    ]);
    expect(tools.map(({ id }) => id)).toEqual([
      "functions.openai",
      "functions.bare",
      "functions.mcp",
      "functions.anthropic",
    ]);
    for (const tool of tools) {
      expect(toolSchema(tool)).toEqual({
        type: "function",
        function: { name: tool.name, description: "d", parameters },
      });
      expect(tool.execution).toEqual({ type: "function" });
    }
  });

  it("get names that chat APIs accept, each once", () => {
    const long = "x".repeat(100);
    const tools = functionTools([
      { name: "wéather now!" },
      { name: "weather.now" },
      { name: "天気" },
      { name: long },
      { name: `${long}y` },
    ]);
    const names = tools.map(({ name }) => name);
    expect(names.slice(0, 3)).toEqual(["weather_now", "weather_now_2", "function_3"]);
    expect(new Set(names).size).toBe(5);
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
  });

  it("lose characters in which instructions or terminal escapes hide", () => {
    const hidden = "\u{e0049}\u{e0067}";
    const [tool] = functionTools([
      {
        name: "\u001b[31mred",
        description: `Red\u001b[2J${hidden} text\u202e`,
        parameters: {
          type: "object",
          properties: { a: { type: "string", description: `A${hidden}`, enum: [hidden] } },
        },
      },
    ]);
    expect(tool).toMatchObject({ name: "31mred", description: "Red[2J text" });
    expect(tool?.parameters["properties"]).toEqual({
      a: { type: "string", description: "A", enum: [hidden] },
    });
  });

  it("are read from a file, whose name is their server", async () => {
    const path = await inFile("home.json", [{ name: "lamp" }]);
    expect(await readTools(path)).toMatchObject([
      { id: "home.lamp", source: path, parameters: { type: "object" } },
    ]);
    expect(await readTools(await inFile("list.yaml", "tools:\n  - name: door\n"))).toMatchObject([
      { id: "list.door" },
    ]);
  });

  it.each([
    [["x"], /\[0\]: got string, wanted a function schema/],
    [[{ name: "a" }, { description: "no name" }], /\[1\]: name is missing/],
    [
      [{ name: "a", parameters: { type: "string" } }],
      /parameters is .*wanted a JSON Schema of type "object"/,
    ],
    [{ hello: 1 }, /describes no tools/],
    ["{ broken", /neither JSON nor YAML/],
    ['{ "a": }', /not valid JSON/],
  ])("refuses %j", async (content, message) => {
    const path = await inFile("f.json", content);
    await expect(readTools(path)).rejects.toMatchObject({
      code: "invalid_data",
      message: expect.stringMatching(message),
    });
    await expect(readTools(path)).rejects.toThrow(path);
  });

  it("not there: says so", async () => {
    await expect(readTools("/nowhere/tools.json")).rejects.toMatchObject({ code: "not_found" });
  });

  it("become records whose hash changes with anything in them", () => {
    const [one] = functionTools([{ name: "a", description: "x" }]);
    const record = toolSourceRecord(one!, "f.json");
    expect(record).toMatchObject({
      id: "functions.a",
      origin: "f.json",
      documents: [
        { id: "functions.a", value: one, metadata: { server: "functions", execution: "function" } },
      ],
    });
    expect(toolSourceRecord({ ...one!, returns: {} }, "f.json").hash).not.toBe(record.hash);
    expect(toolSourceRecord({ ...one! }, "f.json").hash).toBe(record.hash);
  });
});

describe("a URL", () => {
  it("is downloaded, and names the server where the document does not", async () => {
    const paths = { "/x": { get: { operationId: "it" } } };
    await using server = await listen((request, response) => {
      if (request.url === "/moved") response.writeHead(302, { location: "/docs/openapi.json" }).end();
      else response.end(JSON.stringify({ openapi: "3.0.1", info: { title: "t" }, paths }));
    });
    const source = `http://${server.host}/moved`;
    expect(await readTools(source)).toMatchObject([
      { id: "t.it", source, execution: { url: `http://${server.host}/x` } },
    ]);
  });

  it("is refused in offline mode, and its server sees no connection", async () => {
    let connections = 0;
    const server = createServer(() => connections++);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const read = readTools(`http://127.0.0.1:${port}/shop.yaml`, { offline: true });
    await expect(read).rejects.toMatchObject({
      code: "offline",
      message: expect.stringContaining("save it as a file"),
    });
    expect(connections).toBe(0);
    server.close();
  });

  it("never starts a command", async () => {
    await using server = await listen((_, response) => {
      response.end(JSON.stringify({ mcpServers: { a: { command: process.execPath } } }));
    });
    await expect(readTools(`http://${server.host}/mcp.json`)).rejects.toMatchObject({ code: "not_allowed" });
  });

  it("that fails, or answers too late, says so", async () => {
    await using missing = await listen((_, response) => response.writeHead(404).end());
    await using silent = await listen(() => undefined);
    await expect(readTools(`http://${missing.host}/x`)).rejects.toMatchObject({
      code: "network",
      message: expect.stringMatching(/answered 404/),
    });
    await expect(readTools(`http://${silent.host}/x`, { timeoutMs: 50 })).rejects.toMatchObject({
      code: "network",
    });
  });
});

/** OpenAPI operations against a real server on loopback: what is sent, what is refused, what comes back. */

import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { isPublicAddress } from "#src/augment/tools/http/addresses.js";
import { type CallToolOptions, callTool, openApiTools, type Tool } from "#src/augment/tools/index.js";
import { getTool, type Listening, listen } from "./listen.ts";

const document: unknown = parse(readFileSync(join(import.meta.dirname, "shop.openapi.yaml"), "utf8"));

/** The operations of the shop, served by `server`. */
function shopTools(server: Listening): Map<string, Tool> {
  const text = JSON.stringify(document)
    .replace("http://{host}:{port}/v1/", `http://${server.host}/v1/`)
    .replace("https://orders.example.com", `http://${server.host}`);
  return new Map(openApiTools(JSON.parse(text), "shop").map((tool) => [tool.name, tool]));
}

const ok = (server: Listening, more: Partial<CallToolOptions> = {}): CallToolOptions => ({
  allow: [server.host],
  ...more,
});
const json =
  (body: unknown, status = 200): Parameters<typeof listen>[0] =>
  (_, response) => {
    response
      .writeHead(status, { "content-type": "application/json; charset=utf-8" })
      .end(JSON.stringify(body));
  };

describe("an operation", () => {
  it("puts each argument in its place and parses the answer", async () => {
    await using server = await listen(json({ state: "open" }));
    const args = {
      order_id: 7,
      verbose: true,
      fields: ["a b", "c,d"],
      filter_state: "open",
      where: { n: 1 },
      box: { x: 1, y: "é" },
      "X-Trace": "t1",
      session: "s;1",
    };
    const answer = await callTool(shopTools(server).get("get_order_by-id")!, args, ok(server));
    expect(answer.result).toEqual({ state: "open" });
    expect(server.seen).toMatchObject([
      {
        method: "GET",
        url: "/v1/orders/7?verbose=true&fields=a%20b,c%2Cd&filter%5Bstate%5D=open&where=%7B%22n%22%3A1%7D&box%5Bx%5D=1&box%5By%5D=%C3%A9",
        headers: { "x-trace": "t1", cookie: "session=s%3B1" },
        body: "",
      },
    ]);
  });

  it("sends JSON, forms with further fields, multipart and text", async () => {
    await using server = await listen((_, response) => response.writeHead(204).end());
    const tools = shopTools(server);
    const send = async (name: string, args: unknown): Promise<unknown> =>
      (await callTool(tools.get(name)!, args, ok(server))).result;
    expect(await send("createOrder", { goods: "tea", count: 2 })).toBeNull();
    await send("post_login", { user: "a&b", roles: ["x", "y"], further: "z" });
    await send("upload", { name: "n", content: "c" });
    await send("addNote", { body: "plain" });
    const [order, login, upload, note] = server.seen;
    expect(order).toMatchObject({ method: "POST", body: '{"goods":"tea","count":2}' });
    expect(order?.headers["content-type"]).toBe("application/json");
    expect(login?.body).toBe("user=a%26b&roles%5B%5D=x&roles%5B%5D=y&further=z");
    expect(upload?.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
    expect(upload?.body).toMatch(/name="name"\r\n\r\nn\r\n[\s\S]*name="content"\r\n\r\nc\r\n/);
    expect(note).toMatchObject({ body: "plain", headers: { "content-type": "text/plain" } });
  });

  it.each([
    ["text/plain; charset=latin1", Buffer.from([0x63, 0xe9]), "cé"],
    ["", Buffer.from("{}"), "{}"],
    ["application/problem+json", Buffer.from("[1]"), [1]],
    ["image/png", Buffer.from([1, 2]), { contentType: "image/png", base64: "AQI=" }],
  ])("gives an answer of type %j as it is", async (type, body, result) => {
    await using server = await listen((_, response) => {
      response.writeHead(200, type === "" ? {} : { "content-type": type }).end(body);
    });
    expect((await callTool(getTool(`http://${server.host}/x`), {}, ok(server))).result).toEqual(result);
  });

  it("that fails says with which status and what it answered", async () => {
    await using server = await listen(json({ error: "no such order" }, 404));
    await expect(callTool(getTool(`http://${server.host}/x`), {}, ok(server))).rejects.toMatchObject({
      code: "tool_failed",
      message: expect.stringMatching(/^t\.it: GET http:\/\/.*\/x answered 404 Not Found: .*no such order/),
    });
    await using broken = await listen((_, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end("{"),
    );
    await expect(callTool(getTool(`http://${broken.host}/x`), {}, ok(broken))).rejects.toMatchObject({
      code: "tool_failed",
    });
  });
});

describe("what the host allows", () => {
  const denied = { code: "not_allowed" };

  it.each([
    ["nothing", []],
    ["another port", ["127.0.0.1:1"]],
    ["the address without its port", ["127.0.0.1"]],
    ["another name of the same host", ["localhost:PORT"]],
    ["a wildcard", ["*"]],
    ["another scheme", ["https://127.0.0.1:PORT"]],
    ["a path", ["127.0.0.1:PORT/x"]],
    ["the tool's id", ["t.it"]],
  ])("is exact: %s does not do", async (_, allow) => {
    await using server = await listen(json({}));
    const entries = allow.map((entry) => entry.replace("PORT", String(server.port)));
    const call = callTool(getTool(`http://${server.host}/x`), {}, { allow: entries });
    await expect(call).rejects.toMatchObject({
      ...denied,
      message: expect.stringContaining(`--allow ${server.host}`),
    });
    expect(server.seen).toEqual([]);
  });

  it("may be written with its scheme", async () => {
    await using server = await listen(json({}));
    await callTool(getTool(`http://${server.host}/x`), {}, { allow: [`http://${server.host}`] });
    expect(server.seen).toHaveLength(1);
  });

  it("holds before the arguments are looked at", async () => {
    await expect(callTool(getTool("http://127.0.0.1:1/x"), "no object", { allow: [] })).rejects.toMatchObject(
      denied,
    );
  });

  it.each(["file:///etc/passwd", "ftp://example.com/x", "data:text/plain,x"])("refuses %s", async (url) => {
    const tool = getTool("http://example.com/x");
    const execution = { type: "http", method: "GET", url, parameters: [] } as const;
    await expect(callTool({ ...tool, execution }, {}, { allow: [url, "example.com"] })).rejects.toMatchObject(
      denied,
    );
  });

  it("refuses credentials in an address", async () => {
    const tool = getTool("http://example.com/x");
    const execution = {
      type: "http",
      method: "GET",
      url: "http://u:p@example.com/x",
      parameters: [],
    } as const;
    await expect(callTool({ ...tool, execution }, {}, { allow: ["example.com"] })).rejects.toMatchObject(
      denied,
    );
  });

  it("refuses a name that leads to a private address, though the name is allowed", async ({ skip }) => {
    const [found] = await lookup(hostname(), { all: true }).catch(() => []);
    skip(
      found === undefined || isPublicAddress(found.address),
      "this machine's name leads to no private address",
    );
    await using server = await listen(json({}));
    const host = `${hostname()}:${server.port}`;
    const call = callTool(getTool(`http://${host}/x`), {}, { allow: [host.toLowerCase()] });
    await expect(call).rejects.toMatchObject({ ...denied, message: expect.stringMatching(/not public/) });
    expect(server.seen).toEqual([]);
  });

  it("takes localhost when it is named", async () => {
    await using server = await listen(json(1));
    const host = `localhost:${server.port}`;
    expect((await callTool(getTool(`http://${host}/x`), {}, { allow: [host] })).result).toBe(1);
  });

  it("keeps path arguments in their place", async () => {
    await using server = await listen(json({}));
    const paths = { "/a/{id}/b": { get: { operationId: "it" } } };
    const [tool] = openApiTools(
      { openapi: "3.0.0", info: { title: "t" }, servers: [{ url: `http://${server.host}` }], paths },
      "t",
    );
    for (const id of ["../admin", "x?y=1#z", "a/b", "@evil.example"])
      await callTool(tool!, { id }, ok(server));
    expect(server.seen.map(({ url }) => url)).toEqual([
      "/a/..%2Fadmin/b",
      "/a/x%3Fy%3D1%23z/b",
      "/a/a%2Fb/b",
      "/a/%40evil.example/b",
    ]);
    for (const id of ["..", ".", ""]) {
      await expect(callTool(tool!, { id }, ok(server))).rejects.toMatchObject({ code: "invalid_argument" });
    }
    expect(server.seen).toHaveLength(4);
  });

  it("lets no argument choose the server, nor a header of the host's", async () => {
    await using server = await listen(json({}));
    const tool = getTool(`http://${server.host}/x`, {
      parameters: [{ name: "X-Ok", in: "header", schema: { type: "string" } }],
    });
    const place = { argument: "a", name: "Host", in: "header", style: "simple", explode: false } as const;
    const hostile: Tool = {
      ...tool,
      parameters: { type: "object" },
      execution: { type: "http", method: "GET", url: `http://${server.host}/x`, parameters: [place] },
    };
    await expect(callTool(hostile, { a: "evil.example" }, ok(server))).rejects.toMatchObject(denied);
    await expect(callTool(tool, { "X-Ok": "a\r\nauthorization: x" }, ok(server))).rejects.toMatchObject({
      code: "invalid_argument",
    });
    await expect(callTool(tool, { authorization: "x" }, ok(server))).rejects.toMatchObject({
      code: "invalid_argument",
    });
    expect(server.seen).toEqual([]);
  });

  it("says what is missing where a document names no server", async () => {
    const paths = { "/x": { get: { operationId: "it" } } };
    const [tool] = openApiTools({ openapi: "3.0.0", info: { title: "t" }, paths }, "t.json");
    await expect(callTool(tool!, {}, { allow: [] })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringMatching(/servers/),
    });
  });
});

describe("redirects", () => {
  it("are followed within the allowed hosts, without the arguments' headers on another", async () => {
    await using last = await listen(json({ here: true }));
    await using first = await listen((_, response) =>
      response.writeHead(307, { location: `http://${last.host}/y` }).end(),
    );
    const tool = getTool(`http://${first.host}/x`, {
      parameters: [{ name: "X-Key", in: "header", schema: { type: "string" } }],
    });
    const headers = { [first.host]: { Authorization: "Bearer one" }, [last.host]: { "x-two": "2" } };
    const answer = await callTool(tool, { "X-Key": "k" }, { allow: [first.host, last.host], headers });
    expect(answer.result).toEqual({ here: true });
    expect(first.seen[0]?.headers).toMatchObject({ authorization: "Bearer one", "x-key": "k" });
    expect(last.seen[0]?.headers).toMatchObject({ "x-two": "2" });
    expect(last.seen[0]?.headers).not.toHaveProperty("authorization");
    expect(last.seen[0]?.headers).not.toHaveProperty("x-key");
  });

  it.each([
    ["http://127.0.0.1:1/", "127.0.0.1:1"],
    ["http://169.254.169.254/latest/meta-data", "169.254.169.254"],
    ["http://[::1]:2/", "[::1]:2"],
    ["//example.com/", "example.com"],
    ["file:///etc/passwd", "only http and https"],
    ["http://u:p@127.0.0.1/", "user name"],
  ])("to %s are refused", async (location, named) => {
    await using server = await listen((_, response) => response.writeHead(302, { location }).end());
    await expect(callTool(getTool(`http://${server.host}/x`), {}, ok(server))).rejects.toMatchObject({
      code: "not_allowed",
      message: expect.stringContaining(named),
    });
  });

  it("end, and turn a POST into a GET where HTTP says so", async () => {
    await using server = await listen((request, response) => {
      if (request.url === "/got") json("done")(request, response);
      else
        response
          .writeHead(request.url === "/orders" ? 303 : 302, {
            location: request.url === "/orders" ? "/got" : "/x",
          })
          .end();
    });
    expect((await callTool(shopTools(server).get("createOrder")!, { goods: "x" }, ok(server))).result).toBe(
      "done",
    );
    expect(server.seen[1]).toMatchObject({ method: "GET", body: "" });
    const loop = callTool(getTool(`http://${server.host}/x`), {}, ok(server, { maxRedirects: 3 }));
    await expect(loop).rejects.toMatchObject({
      code: "not_allowed",
      message: expect.stringMatching(/more than 3 redirects/),
    });
    expect(server.seen).toHaveLength(6);
  });
});

describe("limits", () => {
  it("stop an answer that is too large, told or not", async () => {
    await using told = await listen((_, response) =>
      response.writeHead(200, { "content-length": 5000 }).end(Buffer.alloc(5000)),
    );
    await using untold = await listen((_, response) => {
      response.write("x".repeat(3000));
      response.end("x".repeat(3000));
    });
    for (const server of [told, untold]) {
      await expect(
        callTool(getTool(`http://${server.host}/x`), {}, ok(server, { maxResponseBytes: 4000 })),
      ).rejects.toMatchObject({
        code: "not_allowed",
        message: expect.stringMatching(/larger than 4000 bytes/),
      });
    }
  });

  it("stop a server that does not answer, or never ends", async () => {
    await using silent = await listen(() => undefined);
    await using endless = await listen((_, response) => response.writeHead(200).write("x"));
    for (const server of [silent, endless]) {
      await expect(
        callTool(getTool(`http://${server.host}/x`), {}, ok(server, { timeoutMs: 100 })),
      ).rejects.toMatchObject({
        code: "network",
        message: expect.stringMatching(/within 100 ms/),
      });
    }
  });

  it("end with the caller's signal", async () => {
    const stop = new AbortController();
    await using server = await listen(() => stop.abort(new Error("enough")));
    await expect(
      callTool(getTool(`http://${server.host}/x`), {}, ok(server, { signal: stop.signal })),
    ).rejects.toThrow("enough");
  });

  it("say that a server is not there", async () => {
    const gone = await listen(json({}));
    await gone[Symbol.asyncDispose]();
    await expect(callTool(getTool(`http://${gone.host}/x`), {}, ok(gone))).rejects.toMatchObject({
      code: "network",
      message: expect.stringMatching(/could not be reached/),
    });
  });
});

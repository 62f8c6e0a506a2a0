/** Arguments against schemas that are strict, hostile or broken; functions of the host. */

import { describe, expect, it } from "vitest";
import { type CallToolOptions, callTool, functionTools } from "#src/augment/tools/index.js";
import type { JsonObject } from "#src/augment/tools/json.js";
import { functionTool } from "./listen.ts";

const run = async (
  parameters: JsonObject,
  args: unknown,
  more: Partial<CallToolOptions> = {},
): Promise<unknown> => {
  const functions = { it: (given: unknown) => given };
  return (await callTool(functionTool(parameters), args, { allow: ["it"], functions, ...more }))
    .result as unknown;
};
const city = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer", maximum: 9 } },
  required: ["city"],
};

describe("arguments", () => {
  it("that are valid reach the function as they are", async () => {
    expect(await run(city, { city: "Oslo", days: 2, extra: [] })).toEqual({
      city: "Oslo",
      days: 2,
      extra: [],
    });
  });

  it.each([
    [{}, ["city is missing"]],
    [{ city: 1, days: 10 }, ["city must be string, got 1", "days must be <= 9, got 10"]],
    ["x", ['got "x" as arguments, wanted a JSON object']],
    [[], ["got an array"]],
    [null, ["got null"]],
    [{ city: Number.NaN }, ["wanted a JSON value"]],
  ])("%j are refused with every fault", async (args, faults) => {
    for (const fault of faults) {
      await expect(run(city, args)).rejects.toMatchObject({
        code: "invalid_argument",
        message: expect.stringContaining(fault),
      });
    }
  });

  it.each([
    [{ enum: ["a", "b"] }, "c", /x must be equal to one of the allowed values \("a","b"\), got "c"/],
    [{ type: "string", format: "date" }, "2026-02-30", /format "date"/],
    [{ type: "string", format: "email" }, "no", /format "email"/],
    [{ type: "integer", format: "int32" }, 2 ** 40, /format "int32"/],
    [{ prefixItems: [{ type: "string" }], items: false }, ["a", 1], /must NOT have more than 1 items/],
    [{ type: "object", properties: {}, additionalProperties: false }, { y: 1 }, /x\.y is not known/],
    [{ type: "object", required: ["toString"] }, {}, /x\.toString is missing/],
  ])("%j does not fit %j", async (schema, value, message) => {
    await expect(run({ type: "object", properties: { x: schema } }, { x: value })).rejects.toThrow(message);
  });

  it("named __proto__ are refused at every depth and change no prototype", async () => {
    for (const text of ['{"__proto__":{"polluted":1}}', '{"a":[{"__proto__":{"polluted":1}}]}']) {
      await expect(run({ type: "object" }, JSON.parse(text))).rejects.toMatchObject({
        code: "invalid_argument",
      });
    }
    const args = await run({ type: "object" }, JSON.parse('{"constructor":{"prototype":{"polluted":1}}}'));
    expect(args).toEqual({ constructor: { prototype: { polluted: 1 } } });
    expect({}).not.toHaveProperty("polluted");
  });

  it("follow the draft that the schema names, or the one that it fits", async () => {
    const tuple = { type: "array", items: [{ type: "string" }], additionalItems: false };
    const draft07 = {
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      properties: { x: tuple },
    };
    await expect(run(draft07, { x: ["a", "b"] })).rejects.toThrow(/more than 1 items/);
    await expect(run({ type: "object", properties: { x: tuple } }, { x: ["a", "b"] })).rejects.toThrow(
      /more than 1 items/,
    );
    const draft2020 = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      $id: "https://x.example/s",
      type: "object",
      unevaluatedProperties: false,
    };
    await expect(run(draft2020, { y: 1 })).rejects.toThrow(/y is not known/);
  });

  it("may be recursive", async () => {
    const node = { type: "object", properties: { next: { $ref: "#/$defs/node" }, v: { type: "integer" } } };
    const schema = { ...node, $defs: { node } };
    expect(await run(schema, { next: { next: { v: 1 } } })).toEqual({ next: { next: { v: 1 } } });
    await expect(run(schema, { next: { next: { v: "x" } } })).rejects.toThrow(
      /next\.next\.v must be integer/,
    );
  });
});

describe("schemas", () => {
  it.each([
    [{ type: "object", properties: { x: { type: "strin" } } }, /no usable JSON Schema/],
    [
      { type: "object", properties: { x: { $ref: "https://evil.example/schema.json" } } },
      /can't resolve reference/,
    ],
    [{ type: "object", properties: { x: { $ref: "#/$defs/none" } } }, /can't resolve reference/],
    [{ type: "object", properties: { x: { pattern: "(" } } }, /no usable JSON Schema/],
    [
      { type: "object", properties: { x: { $ref: "#/$defs/a" } }, $defs: { a: { $ref: "#/$defs/a" } } },
      /cannot be checked|no usable/,
    ],
    [
      { type: "object", properties: { x: { type: "string", pattern: "^(a+)+$" } } },
      /takes more than 1000 ms/,
    ],
  ])("that cannot be used are named: %j", async (schema, message) => {
    const call = run(schema, { x: `${"a".repeat(60)}!` });
    await expect(call).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringMatching(message),
    });
  });

  it("cannot switch the check off", async () => {
    await expect(run({ $async: true, ...city }, {})).rejects.toThrow(/city is missing/);
  });

  it("may have patterns, each by itself, also those older engines take", async () => {
    const properties = { x: { pattern: "^[a\\-b]+$" }, y: { pattern: "^\\p{Lu}$" } };
    expect(await run({ type: "object", properties }, { x: "a-b", y: "É" })).toEqual({ x: "a-b", y: "É" });
    await expect(run({ type: "object", properties }, { x: "c", y: "É" })).rejects.toThrow(
      /x must match pattern/,
    );
    await expect(run({ type: "object", properties }, { x: "a", y: "é" })).rejects.toThrow(
      /y must match pattern/,
    );
  });
});

describe("functions of the host", () => {
  const [tool] = functionTools([{ name: "now" }]);
  const call = (options: CallToolOptions): Promise<unknown> => callTool(tool!, {}, options);

  it("run when they are allowed by name or id", async () => {
    const functions = { now: async () => ({ at: 1, nothing: undefined }) };
    expect(await call({ allow: ["now"], functions })).toMatchObject({ result: { at: 1 } });
    expect(await call({ allow: ["functions.now"], functions })).toMatchObject({ result: { at: 1 } });
    await expect(call({ allow: ["other"], functions })).rejects.toMatchObject({
      code: "not_allowed",
      message: expect.stringContaining("--allow now"),
    });
  });

  it("that are not given, fail, return no JSON, too much or too late: each is told", async () => {
    const allow = ["now"];
    const fail = (): never => {
      throw new Error("no clock");
    };
    await expect(call({ allow })).rejects.toMatchObject({ code: "not_found" });
    await expect(call({ allow, functions: Object.create({ now: () => 1 }) })).rejects.toMatchObject({
      code: "not_found",
    });
    await expect(call({ allow, functions: { now: fail } })).rejects.toMatchObject({
      code: "tool_failed",
      message: expect.stringContaining("no clock"),
    });
    await expect(call({ allow, functions: { now: () => 1n } })).rejects.toMatchObject({
      code: "tool_failed",
    });
    await expect(
      call({ allow, functions: { now: () => "x".repeat(99) }, maxResponseBytes: 50 }),
    ).rejects.toMatchObject({ code: "not_allowed" });
    const never = { now: () => new Promise(() => undefined) };
    await expect(call({ allow, functions: never, timeoutMs: 20 })).rejects.toMatchObject({ code: "network" });
  });

  it("hear the signal, and a call that was stopped before does not start", async () => {
    const stop = new AbortController();
    const functions = {
      now: (_: unknown, signal?: AbortSignal) => {
        stop.abort(new Error("enough"));
        return signal?.aborted ? new Promise(() => undefined) : 1;
      },
    };
    await expect(call({ allow: ["now"], functions, signal: stop.signal })).rejects.toThrow("enough");
    await expect(call({ allow: [], signal: stop.signal })).rejects.toThrow("enough");
  });
});

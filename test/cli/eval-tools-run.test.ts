/** Tools from request to answer, with the shipped service and MCP server; a scripted server plays the model. */

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type ScriptedServer, type ServerReply, scriptedServer } from "../support/scripted-server.ts";
import { jsonOf, retrieveHere } from "./here.ts";

const folder = mkdtempSync(join(tmpdir(), "retrieve-tools-run-"));
beforeAll(() => void vi.stubEnv("HOME", folder));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const library = resolve(import.meta.dirname, "../../samples/tools/library.mjs");
const call = (name: string, args: object): ServerReply => ({
  calls: [{ name, arguments: JSON.stringify(args) }],
});
const llm = ({ url }: ScriptedServer): string[] => ["--llm", `openai:scripted@${url}`];

describe("eval tools-run", () => {
  it("counts what was found, called, valid, executed and answered, and asks a model once", async () => {
    await using server = await scriptedServer([
      call("getDistance", { from: "Marstal", to: "Ystad" }),
      { text: "It is 118.6 nautical miles." },
      { text: "Man overboard, I think." }, // right, but nothing was called
    ]);
    const out = join(folder, "runs");
    const args = ["eval", "tools-run", "samples", "--max-queries", "2", "--out", out, ...llm(server)];
    const report = await jsonOf(args);
    expect(report).toMatchObject({
      benchmark: "tools-run",
      queries: 2,
      corpus: 25,
      metrics: { answered: 0.5, found: 1, called: 0.5, valid: 0.5, executed: 0.5 },
    });
    expect(readdirSync(out)).toHaveLength(2);
    expect(server.requests).toHaveLength(3);
    // The first request names the port of the service, which is another one now; the second is the same and known.
    const again = await retrieveHere([...args, "--json"]);
    expect(server.requests.length).toBeLessThanOrEqual(4);
    expect([0, 1]).toContain(again.code);
  });

  it("tells wrong arguments from right ones, with own requests and an MCP server", async () => {
    await using server = await scriptedServer([
      call("days_between", { from: "yesterday", to: "2026-07-18" }),
      call("days_between", { from: "2026-03-01", to: "2026-07-18" }),
      { text: "139 days" },
      call("days_between", { from: "one", to: "two" }),
      { text: "I cannot tell." },
    ]);
    const request = {
      text: "How many days until 18 July from the first of March?",
      tool: "ships-library.days_between",
    };
    const other = { ...request, text: "How long is it, in days, from the first of March to 18 July?" };
    const rows = [request, other].map((row) => JSON.stringify({ ...row, answers: ["139"] }));
    writeFileSync(join(folder, "requests.jsonl"), rows.join("\n"));
    const report = await jsonOf([
      ...["eval", "tools-run", folder, "--method", "bm25", ...llm(server), "--allow", "ships-library"],
      ...["--source", `mcp:"${process.execPath}" "${library}"`, "--seed", "1"],
    ]);
    expect(report.metrics).toMatchObject({ answered: 0.5, called: 1, valid: 0.5, executed: 0.5 });
  });

  it.each([
    [["eval", "tools-run", folder, "--llm", "openai:x@http://127.0.0.1:9/v1"], /--source/],
    [["eval", "tools-run", "samples"], /--llm/],
  ])("refuses %j", async (args, message) => {
    const { code, stderr } = await retrieveHere(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

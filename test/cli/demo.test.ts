import { expect, it } from "vitest";
import { retrieve } from "./run-cli.ts";

it("finds the expected record first for each kind", async () => {
  const { code, stdout, stderr } = await retrieve(["demo", "--json"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const { kinds, seconds } = JSON.parse(stdout);
  expect(seconds).toBeGreaterThan(0);
  expect(kinds.knowledge.hits[0].id).toMatch(/^mars-orbiter/);
  expect(kinds.memory.hits[0].text).toContain("On the back it says Anholt");
  expect(JSON.stringify(kinds.examples.hits[0].value)).toContain("ISO 8601");
  expect(kinds.tools.hits[0].id).toContain("getDistance");
  expect(kinds.knowledge.records).toBe(40);
  expect(kinds.tools.records).toBe(25);
});

it("tells the tour in at most 80 columns and calls both tools for real", async () => {
  const { code, stdout } = await retrieve(["demo"], { env: { NO_COLOR: "1" } });
  expect(code).toBe(0);
  const laidOut = stdout.split("\n").filter((line) => /^( ?\d|── |■)/.test(line));
  expect(laidOut.filter((line) => line.length > 80)).toEqual([]);
  expect(stdout).toContain('"nauticalMiles": 118.6');
  expect(stdout).toContain("-... --- .-. -. .... --- .-.. --");
  expect(stdout).toContain("retrieve add knowledge");
});

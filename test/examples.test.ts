/** The examples, run as a reader runs them. */

import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);
const folder = resolve(import.meta.dirname, "../examples");

/** What each prints; every program has an entry. */
const expected: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  "knowledge.mjs": ["40 passages\n", /^\d\.\d{3} {2}mars-orbiter$/m, "[1] Lost for want of a unit"],
  "memory.mjs": ["allergic to walnuts", /^(?![\s\S]*Heron)/, /Can I put nuts into the cake.*\n$/],
  "few-shot.mjs": [
    /Output: \d{4}-\d\d-\d\d\n<\/examples[^>]*>\n\nWrite the date in ISO 8601\nthe ninth of June 2026\n$/,
  ],
  "tools.mjs": ["8 tools, the nearest is Harbour_office.getDistance", "nauticalMiles: 118.6", "not_allowed"],
  "train.mjs": [/^step 0: MRR@10 0\.[0-6]/m, /^step 8: MRR@10 (0\.[7-9]|1\.0)/m, "open it with openEncoder("],
  "adapt.mjs": [
    /^task qa: nDCG@10 0\.[0-7]\d* to (0\.9|1\.0)\d*, better$/m,
    /^guard memory: .*, no difference$/m,
    /^accepted: it is significantly better on qa .*\n$/m,
  ],
  "encoder.mjs": ["mini: 384 dimensions", "with chapter = 'mooring' AND year >= 2020: rope\n"],
};

it("has an expectation and a line in the table for each program", () => {
  const programs = readdirSync(folder).filter((name) => name.endsWith(".mjs"));
  expect(programs.sort()).toEqual(Object.keys(expected).sort());
  const readme = readFileSync(join(folder, "README.md"), "utf8");
  for (const program of programs) expect(readme).toContain(`| \`${program}\``);
});

it.each(Object.entries(expected))("%s prints its result and nothing else", async (program, parts) => {
  const { stdout, stderr } = await run(process.execPath, [join(folder, program)]);
  expect(stderr).toBe("");
  for (const part of parts) expect(stdout).toMatch(part);
});

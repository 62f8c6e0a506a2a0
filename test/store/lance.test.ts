import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openLanceStore } from "#src/store/index.js";
import { testStore } from "./contract.ts";

const folder = mkdtempSync(join(tmpdir(), "retrieve-lance-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let stores = 0;

// All in one folder: stores side by side do not see each other.
testStore("LanceDB store", async () => {
  const name = `store${stores++}`;
  return {
    open: (dimensions) => openLanceStore(folder, name, { dimensions }),
    reopen: (dimensions, options) => openLanceStore(folder, name, { dimensions, ...options }),
  };
});

import { openExactStore } from "#src/store/index.js";
import { testStore } from "./contract.ts";

testStore("exact store", async () => ({ open: async (dimensions) => openExactStore({ dimensions }) }));

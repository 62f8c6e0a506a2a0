// Solved examples that fit the input, the most relevant last: the model continues the row.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { open } from "retrieve-anything";

const solved = fileURLToPath(new URL("../samples/examples/train.jsonl", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "example-"));
const index = await open({ index: folder });

try {
  await index.add("examples", [solved]);
  const request = "Write the date in ISO 8601\nthe ninth of June 2026";
  const { messages } = await index.augment(request, { kinds: ["examples"], topK: 4, maxTokens: 400 });
  console.log(messages.at(-1)?.content);
} finally {
  await index.close();
  await rm(folder, { recursive: true });
}

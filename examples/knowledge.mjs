// Passages for a question, and a prompt that cites them.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { open } from "retrieve-anything";

const corpus = fileURLToPath(new URL("../samples/knowledge/corpus.jsonl", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "example-"));
const index = await open({ index: folder });

try {
  const { added } = await index.add("knowledge", [corpus]);
  console.log(`${added} passages`);

  const question = "Which spacecraft was lost because two teams used different units?";
  const { hits } = await index.search(question, { kind: "knowledge", topK: 3 });
  for (const { id, score } of hits) console.log(`${score.toFixed(3)}  ${id}`);

  const { messages, citations, tokens } = await index.augment(question, { maxTokens: 500 });
  console.log(`a prompt of ${messages.length} messages and ${tokens} tokens, citing`);
  for (const { number, title } of citations) console.log(`[${number}] ${title}`);
} finally {
  await index.close();
  await rm(folder, { recursive: true });
}

// An API found by what it does, and called because its host is allowed.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "retrieve-anything";
import { startService } from "../samples/tools/service.mjs";

const folder = await mkdtemp(join(tmpdir(), "example-"));
const service = await startService(); // an OpenAPI service on this machine
const index = await open({ index: folder });

try {
  const { added } = await index.add("tools", [service.url]);
  const { hits } = await index.search("How far is it by sea from Marstal to Ystad?", {
    kind: "tools",
    topK: 1,
  });
  const [tool] = hits;
  console.log(`${added} tools, the nearest is ${tool.id}`);

  // Your language model gets `tools` of `augment` and answers with a call; here we write it ourselves.
  const args = { from: "Marstal", to: "Ystad" };
  const { result } = await index.call(tool.id, args, { allow: [service.host] });
  console.log(result);

  await index.call(tool.id, args, { allow: [] }).catch((error) => console.log(error.code));
} finally {
  await index.close();
  await service.close();
  await rm(folder, { recursive: true });
}

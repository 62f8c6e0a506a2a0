// A chat that remembers: turns are stored as they happen, and come back when they matter.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "retrieve-anything";

const folder = await mkdtemp(join(tmpdir(), "example-"));
const index = await open({ index: folder });

const said = [
  ["My boat is called Tern, a wooden folkboat from 1962.", "A fine boat. Where does she lie?"],
  ["In Marstal. My sister Ilse helps me at weekends.", "Then there are two of you for the planks."],
  ["I am allergic to walnuts, by the way.", "Noted: no walnuts in the galley."],
  ["We want to reach Bornholm in August.", "That leaves five months for the work."],
];

try {
  for (const [user, assistant] of said) {
    await index.remember("mira", [
      { role: "user", content: user },
      { role: "assistant", content: assistant },
    ]);
  }
  await index.remember("somebody else", [{ role: "user", content: "My boat is called Heron." }]);

  // The model sees the last message only; what it needs of the past is put in front.
  const messages = [{ role: "user", content: "Can I put nuts into the cake for my boat's baptism?" }];
  const prompt = await index.augment(messages, { conversation: "mira", maxTokens: 300, topK: 3 });
  console.log(prompt.messages.at(-1)?.content);
} finally {
  await index.close();
  await rm(folder, { recursive: true });
}

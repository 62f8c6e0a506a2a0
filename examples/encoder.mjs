// Your own encoder: a bundled name, a folder in the Hugging Face layout, or a hub id.
//   node examples/encoder.mjs [MODEL]

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open, openEncoder } from "retrieve-anything";

const folder = await mkdtemp(join(tmpdir(), "example-"));
const encoder = await openEncoder(process.argv[2] ?? "mini");
const index = await open({ index: folder, encoder });

const notes = [
  { id: "anchor", text: "The anchor holds in sand and mud.", metadata: { chapter: "mooring", year: 2019 } },
  {
    id: "rope",
    text: "Nylon stretches, which is good for an anchor rope.",
    metadata: { chapter: "mooring", year: 2024 },
  },
  {
    id: "sail",
    text: "Reef the sail before the wind asks for it.",
    metadata: { chapter: "sailing", year: 2024 },
  },
];

try {
  const [query] = await encoder.encodeQueries(["which line is good for an anchor"]);
  const documents = await encoder.encodeDocuments(notes.map(({ text }) => text));
  console.log(`${encoder.name}: ${encoder.dimensions} dimensions`);
  notes.forEach(({ id }, row) => {
    // Vectors have unit length, so the product is the cosine.
    const cosine = documents[row].reduce((sum, value, at) => sum + value * query[at], 0);
    console.log(`${cosine.toFixed(3)}  ${id}`);
  });

  await index.add("knowledge", notes);
  const filter = "chapter = 'mooring' AND year >= 2020";
  const { hits } = await index.search("which line is good for an anchor", { kind: "knowledge", filter });
  console.log(`with ${filter}: ${hits.map(({ id }) => id)}`);
} finally {
  await index.close();
  await encoder.close();
  await rm(folder, { recursive: true });
}

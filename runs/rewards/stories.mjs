/**
 * Rows of long texts out of what a language model writes itself: stories of its own kind, so that even a tiny one judges
 * what it knows. A text is one story after another; a chunk is 64 tokens; the candidates are the chunks before the query,
 * none of them next to it, since a candidate stands in the prompt with the chunk that follows it. Who knows no rewards takes
 * the last of them for the positive.
 */

const chunkTokens = 64;
const storyTokens = 4 * chunkTokens;

/** `count` rows from texts of their own, by seeds from `first`. */
export async function storyRows(llm, { count, first, candidates }) {
  const rows = [];
  for (let index = 0; index < count; index++) rows.push(await rowOf(llm, first + index, candidates));
  return rows;
}

async function rowOf(llm, seed, candidates) {
  const chunks = [];
  for (let part = 0; chunks.length < candidates + 3; part++) {
    chunks.push(...(await chunksOf(llm, await write(llm, seed * 1000 + part))));
    if (part > candidates + 3) throw new Error(`${llm.name} writes next to nothing`);
  }
  const [query, answer] = chunks.slice(candidates + 1);
  const last = candidates - 1;
  return {
    ...{ query, pos: [chunks[last]], neg: chunks.slice(0, last), answers: [answer] },
    ...{ task: "lrlm", query_id: seed, continuations: [chunks[candidates], ...chunks.slice(1, candidates)] },
  };
}

async function write(llm, seed) {
  let text = "";
  const options = { maxTokens: storyTokens, temperature: 0.8, seed };
  for await (const event of llm.generate({ prompt: "Once upon a time" }, options)) {
    if (event.type === "text") text += event.text;
  }
  return `Once upon a time${text} `;
}

/** By tokens where the model cuts, else by four characters a token; pieces without a word are left out. */
async function chunksOf(llm, text) {
  const chunks = [];
  for (let left = text; left !== ""; left = left.slice(chunks.at(-1).length)) {
    chunks.push((await llm.truncate?.(left, chunkTokens)) || left.slice(0, 4 * chunkTokens));
  }
  return chunks.filter((chunk) => /\w/.test(chunk));
}

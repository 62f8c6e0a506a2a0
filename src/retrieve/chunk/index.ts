export type { Chunk, Span, TokenCounter } from "./chunk.ts";
export { chunkCode } from "./code.ts";
export { type ChunkDocumentOptions, chunkDocument } from "./document.ts";
export { markdownTitle } from "./markdown.ts";
export { type Sentence, sentences } from "./split.ts";
export { chunkByTokens } from "./tokens.ts";
export { datedLine, pairTurns, type SpokenTurn, type TurnPair, turnLine } from "./turns.ts";

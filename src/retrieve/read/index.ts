export { contentHash } from "./decode.ts";
export { placeOf, type ReadOptions, readDocument, type SourceDocument } from "./document.ts";
export { type FoundFile, listFiles } from "./files.ts";
export { type DocumentFormat, formatOf } from "./formats.ts";
export { type ExampleRow, type PassageRow, readExamples, readRecords } from "./records.ts";
export { readSources, type SourceItem } from "./sources.ts";
export { parseTime, readTurns, type TurnRow } from "./turns.ts";

export { openExactStore } from "./exact.ts";
export { type Comparison, type Filter, matches, type Scalar } from "./filter.ts";
export { formatFilter, parseFilter } from "./filter-text.ts";
export type { LanceStoreOptions } from "./lance/table.ts";
export { openLanceStore } from "./open-lance.ts";
export type {
  FoundRecord,
  Hit,
  JsonValue,
  OptimiseReport,
  SearchOptions,
  StoredRecord,
  StoreOptions,
  UpsertOptions,
  VectorStore,
} from "./vector-store.ts";

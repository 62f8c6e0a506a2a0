export type { Comparison, Filter, Scalar } from "./filter.ts";
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

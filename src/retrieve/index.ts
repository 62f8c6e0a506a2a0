export type {
  Collection,
  Document,
  PutOptions,
  PutReport,
  Query,
  Retrieved,
  RetrieveOptions,
  SearchMethod,
  SourceRecord,
} from "./collection.ts";

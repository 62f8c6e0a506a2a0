/** One LanceDB table opened as the home of one store: created or found, checked, and its columns followed. */

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { type Connection, connect, type Table } from "@lancedb/lancedb";
import { RetrieveError } from "../../std/index.ts";
import type { StoreOptions } from "../vector-store.ts";
import { parseTuning, type Tuning } from "./approximate.ts";
import { BASE_COLUMNS, FORMAT_KEY, FORMAT_VERSION, STORE_KEY, schemaOf } from "./columns.ts";
import { guarded } from "./lance-errors.ts";

export interface LanceStoreOptions extends StoreOptions {
  /** Passed to the object store where the location is a URI: credentials, region, endpoint. */
  readonly storageOptions?: Readonly<Record<string, string>>;
}

/** A table as of one version. */
export interface TableState {
  readonly version: number;
  readonly columns: ReadonlySet<string>;
  /** Where there is an approximate index. */
  readonly tuning: Tuning | undefined;
}

export interface OpenedTable {
  readonly table: Table;
  /** For error messages: location and name. */
  readonly place: string;
  /** Differs between any two tables. */
  readonly identity: string;
  /** The newest state, by whatever process: a listing of the version folder, and the schema where it is new. */
  state(): Promise<TableState>;
  close(): void;
}

/** Opens the table, creating it unless `readOnly`. */
export async function openTable(
  location: string,
  name: string,
  options: LanceStoreOptions,
): Promise<OpenedTable> {
  const place = `${location}, store ${name}`;
  if (options.readOnly === true && !location.includes("://") && !existsSync(location)) {
    throw notThere(place);
  }
  return guarded(place, async () => {
    const connection = await connect(location, {
      readConsistencyInterval: 0, // every read sees what other processes have written
      ...(options.storageOptions && { storageOptions: { ...options.storageOptions } }),
    });
    const table = await findOrCreate(connection, name, place, options);
    const identity = await checkTable(table, place, options.dimensions);
    const close = (): void => {
      table.close();
      connection.close();
    };
    return { table, place, identity, state: followState(table), close };
  });
}

async function findOrCreate(
  connection: Connection,
  name: string,
  place: string,
  options: LanceStoreOptions,
): Promise<Table> {
  if ((await connection.tableNames({ limit: 10_000 })).includes(name)) return connection.openTable(name);
  if (options.readOnly === true) throw notThere(place);
  const metadata = new Map([
    [FORMAT_KEY, `${FORMAT_VERSION}`],
    [STORE_KEY, randomUUID()],
  ]);
  const schema = schemaOf(BASE_COLUMNS, options.dimensions, metadata);
  return connection.createEmptyTable(name, schema, { mode: "create", existOk: true });
}

/** The table's identity. Throws where the table is not ours, newer than us, or of other vectors. */
async function checkTable(table: Table, place: string, dimensions: number): Promise<string> {
  const schema = await table.schema();
  const format = Number(schema.metadata.get(FORMAT_KEY));
  const identity = schema.metadata.get(STORE_KEY);
  if (!Number.isInteger(format) || format < 1 || identity === undefined) {
    throw new RetrieveError(
      "invalid_data",
      `${place}: a LanceDB table, but not one of this library; name another store or folder`,
    );
  }
  if (format > FORMAT_VERSION) {
    throw new RetrieveError(
      "format_version",
      `${place}: written in format ${format}, this version reads up to ${FORMAT_VERSION}; ` +
        "update retrieve-anything to open it",
    );
  }
  const type: { readonly listSize?: number } =
    schema.fields.find(({ name }) => name === "vector")?.type ?? {};
  if (type.listSize !== dimensions) {
    throw new RetrieveError(
      "invalid_argument",
      `${place}: holds vectors of ${type.listSize} numbers, wanted ${dimensions}; ` +
        "open it with the encoder it was made with",
    );
  }
  return identity;
}

function followState(table: Table): () => Promise<TableState> {
  let known: TableState | undefined;
  return async () => {
    const version = await table.version();
    if (known?.version === version) return known;
    const { fields } = await table.schema();
    const metadata = fields.find(({ name }) => name === "vector")?.metadata;
    known = { version, columns: new Set(fields.map(({ name }) => name)), tuning: parseTuning(metadata) };
    return known;
  };
}

function notThere(place: string): RetrieveError {
  return new RetrieveError("not_found", `${place}: no such store; it is made by the first write`);
}

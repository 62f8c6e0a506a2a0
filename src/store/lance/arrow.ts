/** Rows to and from Arrow, the form in which tables take and give them. Knows nothing of tables. */

import {
  type Data,
  type Field,
  Float32,
  makeData,
  RecordBatch,
  type Schema,
  Struct,
  Table,
  vectorFromArray,
} from "apache-arrow";
import type { Scalar } from "../filter.ts";
import type { FoundRow, Row } from "../record.ts";
import { columnOf } from "./columns.ts";

/** What is read of a batch of results: a column by name, its value by row. */
export interface ResultBatch {
  readonly numRows: number;
  getChild(name: string): { get(row: number): unknown } | null;
}

/** Rows as one batch of the given schema. */
export function toArrow(rows: readonly Row[], schema: Schema): Table {
  const metadata = metadataCells(rows);
  const children = schema.fields.map((field): Data => {
    if (field.name === "vector") return vectorData(rows, field);
    const cells =
      baseCells(rows, field.name) ?? metadata.get(field.name) ?? new Array(rows.length).fill(null);
    const [data] = vectorFromArray(cells, field.type).data;
    if (data === undefined) throw new RangeError(`no data for column ${field.name}`);
    return data;
  });
  const data = makeData({ type: new Struct(schema.fields), length: rows.length, nullCount: 0, children });
  return new Table(schema, new RecordBatch(schema, data));
}

/** The rows of a batch of results that carries no vectors. */
export function* foundRows(batch: ResultBatch): Generator<FoundRow> {
  const text = textReader(batch);
  for (let row = 0; row < batch.numRows; row++) {
    yield {
      id: text("id", row),
      text: text("text", row),
      metadata: JSON.parse(text("metadata", row)),
      payload: text("payload", row),
    };
  }
}

/** The rows of a batch of results with their vectors, which are views into the batch. */
export function* wholeRows(batch: ResultBatch): Generator<Row> {
  const vectors = batch.getChild("vector");
  let at = 0;
  for (const row of foundRows(batch)) yield { ...row, vector: toVector(vectors?.get(at++)) };
}

/** A number of a batch of results. */
export function numberAt(batch: ResultBatch, column: string, row: number): number {
  return Number(batch.getChild(column)?.get(row));
}

function textReader(batch: ResultBatch): (column: string, row: number) => string {
  const columns = new Map<string, ReturnType<ResultBatch["getChild"]>>();
  return (name, row) => {
    const column = columns.get(name) ?? batch.getChild(name);
    columns.set(name, column);
    const value = column?.get(row);
    if (typeof value !== "string") throw new TypeError(`internal: column ${name} has no text in row ${row}`);
    return value;
  };
}

/** The vector in a cell: a view into the batch. */
export function toVector(cell: unknown): Float32Array {
  const values: unknown =
    typeof cell === "object" && cell !== null && "toArray" in cell && typeof cell.toArray === "function"
      ? cell.toArray()
      : undefined;
  if (!(values instanceof Float32Array)) throw new TypeError("internal: a vector is not of 32-bit floats");
  return values;
}

function metadataCells(rows: readonly Row[]): Map<string, (Scalar | null)[]> {
  const columns = new Map<string, (Scalar | null)[]>();
  rows.forEach((row, at) => {
    for (const [key, value] of Object.entries(row.metadata)) {
      const name = columnOf(key, value);
      const cells = columns.get(name) ?? new Array<Scalar | null>(rows.length).fill(null);
      cells[at] = typeof value === "boolean" ? Number(value) : value;
      columns.set(name, cells);
    }
  });
  return columns;
}

function baseCells(rows: readonly Row[], column: string): string[] | undefined {
  switch (column) {
    case "id":
      return rows.map((row) => row.id);
    case "text":
      return rows.map((row) => row.text);
    case "metadata":
      return rows.map((row) => JSON.stringify(row.metadata));
    case "payload":
      return rows.map((row) => row.payload);
    default:
      return undefined;
  }
}

function vectorData(rows: readonly Row[], field: Field): Data {
  const dimensions = rows[0]?.vector.length ?? 0;
  const values = new Float32Array(rows.length * dimensions);
  rows.forEach((row, at) => {
    values.set(row.vector, at * dimensions);
  });
  const child = makeData({ type: new Float32(), length: values.length, nullCount: 0, data: values });
  return makeData({ type: field.type, length: rows.length, nullCount: 0, child });
}

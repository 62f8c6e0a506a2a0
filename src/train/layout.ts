/**
 * Where the numbers of an arena lie: a stage for what comes from outside, then the parameters, the gradients, the first
 * and the second moments of all tensors that train, then the frozen ones. The four middle parts have one layout, each
 * tensor at a multiple of 64 bytes with zeros between, so that a routine runs over a part as a whole. Pure: reserves
 * nothing.
 */

import { RetrieveError } from "../std/index.ts";
import { type Shape, sizeOf } from "../tensor/index.ts";

export interface ArenaTensor {
  readonly name: string;
  readonly shape: Shape;
  /** A tensor that does not train has no gradient and no moments. */
  readonly trainable: boolean;
}

/** Where a parameter lies, in bytes; its gradient and moments lie one, two and three parts behind. */
export interface Place {
  readonly at: number;
  readonly size: number;
  readonly shape: Shape;
  readonly trains: boolean;
}

export interface Layout {
  readonly names: readonly string[];
  readonly trainable: readonly string[];
  readonly places: ReadonlyMap<string, Place>;
  /** Room for numbers from outside. */
  readonly stage: number;
  /** Where the parameters begin, in bytes. */
  readonly start: number;
  /** Numbers in each of the four parts, with those between the tensors. */
  readonly part: number;
  /** Numbers in the part of the frozen ones. */
  readonly frozen: number;
  readonly bytes: number;
}

/** Numbers in 64 bytes: a line of the cache. */
const LINE = 16;
/** 256 KB, which stay in the cache between the copy and the addition; more if a row is longer. */
const STAGED = 65_536;
export const STAGED_IDS: number = 16_384;

/** Throws `invalid_argument` for a name that comes twice or a shape that is none. */
export function layOut(tensors: readonly ArenaTensor[]): Layout {
  checkTensors(tensors);
  const trains = tensors.filter(({ trainable }) => trainable);
  const frozen = tensors.filter(({ trainable }) => !trainable);
  const widths = trains.map(({ shape: [, width = 0] }) => width);
  const stage = whole(Math.max(STAGED, ...widths));
  const start = 4 * (stage + STAGED_IDS);
  const [part, rest] = [room(trains), room(frozen)];
  return {
    names: tensors.map(({ name }) => name),
    trainable: trains.map(({ name }) => name),
    places: new Map([...places(trains, start), ...places(frozen, start + 16 * part)]),
    stage,
    start,
    part,
    frozen: rest,
    bytes: start + 16 * part + 4 * rest,
  };
}

/** One tensor after the other, from address `at`. */
function places(tensors: readonly ArenaTensor[], at: number): [string, Place][] {
  let next = at;
  return tensors.map(({ name, shape, trainable }) => {
    const place = { at: next, size: sizeOf(shape), shape, trains: trainable };
    next += 4 * whole(place.size);
    return [name, place];
  });
}

/** The least multiple of a cache line. */
function whole(size: number): number {
  return LINE * Math.ceil(size / LINE);
}

function room(tensors: readonly ArenaTensor[]): number {
  return tensors.reduce((sum, { shape }) => sum + whole(sizeOf(shape)), 0);
}

function checkTensors(tensors: readonly ArenaTensor[]): void {
  const seen = new Set<string>();
  for (const { name, shape } of tensors) {
    if (seen.has(name)) throw invalid(`two tensors have the name ${JSON.stringify(name)}; wanted one`);
    seen.add(name);
    if (shape.every((size) => Number.isSafeInteger(size) && size >= 0)) continue;
    throw invalid(`${name} has shape [${shape.join(", ")}]; wanted sizes, integers from 0`);
  }
}

export function invalid(what: string): RetrieveError {
  return new RetrieveError("invalid_argument", `parameters: ${what}`);
}

/**
 * An encoder whose weights can be moved: its parameters in an arena, and two sessions that read them in place. Rows of
 * token ids go in, embeddings come out; gradients of embeddings go in and are added to those of the arena. Knows no
 * texts, no losses and no optimizer.
 *
 * B rows · T tokens · H hidden
 */

import type { LowRank, Pooling, TransformerConfig } from "../encoder/index.ts";
import { emitModel } from "../onnx/index.ts";
import { openSession, type Session } from "../runtime/index.ts";
import { RetrieveError } from "../std/index.ts";
import { createTensor, type Tensor, toFloat32 } from "../tensor/index.ts";
import { type ChunkFeeds, type ChunkLayout, chunksOf, type Pass } from "./chunks.ts";
import {
  buildTrainingGraphs,
  gradientName,
  rowGradient,
  type Table,
  type TrainingGraphs,
  tokenPlaces,
} from "./graphs.ts";
import { type Matrix, pickRows } from "./matrix.ts";
import { type Arena, createArena } from "./parameters.ts";

export interface TrainableOptions {
  readonly config: TransformerConfig;
  readonly pooling: Pooling;
  readonly normalize: boolean;
  /** float32, under the names of the graph. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** Which parameters move. Default all; with `lora` its own alone. */
  readonly trains?: (name: string) => boolean;
  readonly lora?: LowRank;
  /** The probability that a value is dropped. Default 0. */
  readonly dropout?: number;
  /** Tokens, padding included, that are computed at once: memory grows with them. Default 1024. */
  readonly chunkTokens?: number;
  /**
   * Whether `backward` uses what `embed` computed for the same rows just before, instead of computing it again: faster,
   * at about 0.1 MB a token of the whole batch for a model of the size of MiniLM. Default false.
   */
  readonly keepActivations?: boolean;
  /** Cores. Default all. */
  readonly threads?: number;
  readonly device?: string;
}

export interface Trainable extends AsyncDisposable {
  readonly arena: Arena;
  readonly dimensions: number;
  /** The embeddings of rows, in their order. */
  embed(rows: readonly Int32Array[], pass: Pass): Promise<Matrix /* [rows, H] */>;
  /**
   * Adds to the arena's gradients those of Σ <cotangents, embed(rows, pass)>, in an order that rows alone decide.
   * Computes the embeddings once more, unless activations are kept: then `embed` of these rows must come before.
   */
  backward(rows: readonly Int32Array[], cotangents: Matrix /* [rows, H] */, pass: Pass): Promise<void>;
  close(): Promise<void>;
}

const chunkTokensByDefault = 1024;

/**
 * Opens the two sessions and copies the weights into an arena. Memory: 16 bytes a parameter, and about 0.2 MB a token
 * of a chunk for a model of the size of MiniLM.
 *
 * Throws `invalid_data` for weights that are missing or misshapen, `unsupported` for a device that is not there.
 */
export async function openTrainable(options: TrainableOptions): Promise<Trainable> {
  const { config, dropout = 0, lora, threads, device } = options;
  const adapters = (name: string): boolean => /\.lora_[AB]$/.test(name);
  const trains = options.trains ?? (lora === undefined ? () => true : adapters);
  const graphs = buildTrainingGraphs(config, {
    ...options,
    dropout: dropout > 0,
    keep: options.keepActivations ?? false,
    trains,
  });
  const arena = createArena(
    graphs.parameters.map(({ name, shape }) => ({ name, shape: shape.map(Number), trainable: trains(name) })),
  );
  fill(arena, options.weights);
  const settings = { ...(threads !== undefined && { threads }), ...(device !== undefined && { device }) };
  const forward = await openSession(emitModel(graphs.forward, new Map()), settings);
  const backward = await openSession(emitModel(graphs.backward, new Map()), settings);
  return createTrainable(options, graphs, arena, { forward, backward });
}

interface Sessions {
  readonly forward: Session;
  readonly backward: Session;
}

function createTrainable(
  { config, dropout = 0, chunkTokens = chunkTokensByDefault }: TrainableOptions,
  graphs: TrainingGraphs,
  arena: Arena,
  { forward, backward }: Sessions,
): Trainable {
  const { hidden: width, paddingId } = config;
  const fixed = { forward: weightsOf(forward, arena), backward: weightsOf(backward, arena) };
  const layout: ChunkLayout = { masks: graphs.masks, dropout, chunkTokens, paddingId };
  const kept: Record<string, Tensor>[] = []; // of each chunk of the last `embed`, until `backward` takes it
  const close = async (): Promise<void> => {
    await Promise.all([forward.close(), backward.close()]);
  };
  return {
    arena,
    dimensions: width,
    async embed(rows, pass) {
      kept.length = 0;
      const data = new Float32Array(rows.length * width);
      for (const { members, feeds } of chunksOf(rows, layout, pass)) {
        const { embedding, ...activations } = await forward.run({ ...feeds, ...fixed.forward });
        if (graphs.kept.length > 0) kept.push(activations);
        const vectors = toFloat32(found(embedding, "embedding"));
        for (const [index, at] of members.entries()) {
          data.set(vectors.subarray(index * width, (index + 1) * width), at * width);
        }
      }
      return { rows: rows.length, columns: width, data };
    },
    async backward(rows, cotangents, pass) {
      for (const { members, feeds } of chunksOf(rows, layout, pass)) {
        const cotangent = createTensor(
          "float32",
          [members.length, width],
          pickRows(cotangents, members).data,
        );
        const outputs = await backward.run({ ...feeds, ...kept.shift(), cotangent, ...fixed.backward });
        accumulate(arena, graphs.tables, outputs, feeds);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Adds what one chunk gives to the gradients. */
function accumulate(
  arena: Arena,
  tables: readonly Table[],
  outputs: Readonly<Record<string, Tensor>>,
  { input_ids, attention_mask }: ChunkFeeds,
): void {
  for (const name of arena.trainable) {
    const gradient = outputs[gradientName(name)];
    if (gradient !== undefined) arena.addGradient(name, toFloat32(gradient));
  }
  if (tables.length === 0) return;
  const kept = attention_mask.data as BigInt64Array; // padding has no gradient, and no row of its own
  const real = Array.from(kept.keys()).filter((at) => kept[at] === 1n);
  const { data: rows } = pickRows(matrixOf(found(outputs[rowGradient], rowGradient)), real);
  const places = found(outputs[tokenPlaces], tokenPlaces);
  const pick = ({ data }: Tensor): Int32Array => Int32Array.from(real, (at) => Number(data[at]));
  const ids = { id: pick(input_ids), place: pick(places), type: new Int32Array(real.length) };
  for (const { name, by } of tables) arena.addGradientRows(name, ids[by], rows);
}

function weightsOf(session: Session, arena: Arena): Record<string, Tensor> {
  const names = session.inputs.filter((name) => arena.names.includes(name));
  return Object.fromEntries(
    names.map((name) => [name, createTensor("float32", arena.shape(name), arena.parameter(name))]),
  );
}

function fill(arena: Arena, weights: ReadonlyMap<string, Tensor>): void {
  for (const name of arena.names) {
    const weight = weights.get(name);
    const shape = arena.shape(name);
    if (weight === undefined || weight.shape.join() !== shape.join()) {
      const got = weight === undefined ? "missing" : `[${weight.shape}]`;
      throw new RetrieveError("invalid_data", `training: the weight ${name} is ${got}, wanted [${shape}]`);
    }
    arena.parameter(name).set(toFloat32(weight));
  }
}

/** [..., H] -> [rows, H]. */
function matrixOf(tensor: Tensor): Matrix {
  const columns = tensor.shape.at(-1) ?? 1;
  const data = toFloat32(tensor);
  return { rows: data.length / columns, columns, data };
}

function found(tensor: Tensor | undefined, name: string): Tensor {
  if (tensor === undefined) throw new RetrieveError("internal", `training: the session gave no ${name}`);
  return tensor;
}

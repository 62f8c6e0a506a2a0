/**
 * What a run trains when only the query side moves: an adapter on top of a base that stays as it is stored, so that the
 * vectors of an index stay valid. Without low-rank settings a linear map of the base's query vectors, with them
 * adapters in the base's matrices, through which queries go and documents do not.
 */

import { isDeepStrictEqual } from "node:util";
import {
  type AdapterSettings,
  baseReference,
  type FrozenEncoder,
  fillAdapterFolder,
  type Instructions,
  instructionOf,
  openFrozen,
  readFloat32,
  resolveInstructions,
} from "../encoder/index.ts";
import { RetrieveError } from "../std/index.ts";
import { createTensor, type Tensor } from "../tensor/index.ts";
import type { RunConfig } from "./config.ts";
import { createLinearTrainable } from "./linear-trainable.ts";
import { trainedBy } from "./parameter-groups.ts";
import { lowRankOf, type OpenStudentOptions, type Student, withAdapters } from "./student.ts";
import { openTrainable, type Trainable } from "./trainable.ts";
import { createVectorCache } from "./vector-cache.ts";

/** Vectors of the base that are kept, in bytes. */
const cacheBytes = 256 * 2 ** 20;

/**
 * Opens the base of a run that trains the query side. Documents are cut where the base cuts them, whatever length
 * training allows: their vectors are those of an index. Memory: 256 MB of the base's vectors, and for low-rank adapters
 * that of {@link openTrainable}.
 *
 * Throws `invalid_argument` for instructions that change the document side, and for dropout in a linear adapter.
 */
export async function openQueryStudent(
  config: RunConfig,
  { offline = false, onNotice }: OpenStudentOptions = {},
): Promise<Student> {
  const { threads, device } = config;
  const base = await openFrozen(config.base, {
    offline,
    device,
    ...(threads !== null && { threads }),
    ...(onNotice && { onNotice }),
  });
  try {
    const { folder } = base;
    const own = folder.settings;
    const instructions = queryInstructions(config, own.instructions);
    const limits = { ...own.maxTokens, query: Math.min(config.maxTokens.query, own.maxTokens.query) };
    const frozen = createVectorCache(base.embed, folder.config.hidden, cacheBytes);
    const trainable = await openForm(config, base, frozen);
    const scale = config.lora === null ? undefined : config.lora.alpha / config.lora.rank;
    const settings: AdapterSettings = {
      kind: scale === undefined ? "linear" : "lora",
      base: await baseReference(config.base),
      fingerprints: base.fingerprints,
      ...(!isDeepStrictEqual(instructions, own.instructions) && { instructions }),
      ...(scale !== undefined && { scale }),
    };
    return {
      base: Object.values(base.fingerprints).join(" "),
      trainable,
      frozenDocuments: frozen,
      tokenize: (text, task, side) =>
        folder.tokenizer.encode(instructionOf(instructions, task, side) + text, limits[side]).ids,
      fillModel: (path, lineage) =>
        fillAdapterFolder(path, { ...settings, lineage }, learnt(trainable, settings.kind)),
      [Symbol.asyncDispose]: async () => {
        await trainable.close();
        await base[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await base[Symbol.asyncDispose]();
    throw error;
  }
}

async function openForm(
  config: RunConfig,
  { folder }: FrozenEncoder,
  frozen: NonNullable<Student["frozenDocuments"]>,
): Promise<Trainable> {
  const { hidden } = folder.config;
  const { pooling, normalize } = folder.settings;
  if (config.lora !== null) {
    const { weights } = await readFloat32(folder);
    const lora = lowRankOf(config.lora, [...weights.keys()]);
    return await openTrainable({
      config: folder.config,
      pooling,
      normalize,
      weights: withAdapters(weights, lora, config.seed),
      lora,
      dropout: config.dropout,
      chunkTokens: config.chunkTokens,
      keepActivations: config.keepActivations,
      trains: trainedBy(config),
      device: config.device,
      ...(config.threads !== null && { threads: config.threads }),
    });
  }
  if (config.dropout > 0) {
    throw new RetrieveError(
      "invalid_argument",
      `training: dropout is ${config.dropout}, and a linear adapter has nothing to drop; set it to 0, or give lora`,
    );
  }
  return createLinearTrainable({ embed: frozen, dimensions: hidden, normalize, trains: trainedBy(config) });
}

/** Those asked for, else the base's own. Documents keep theirs, because their vectors are there already. */
function queryInstructions({ base, instructions }: RunConfig, own: Instructions): Instructions {
  if (instructions === undefined) return own;
  const wanted = resolveInstructions(instructions, own);
  const changed = Object.keys({ ...own, ...wanted }).filter(
    (task) => wanted[task]?.document !== own[task]?.document,
  );
  if (changed.length === 0) return wanted;
  throw new RetrieveError(
    "invalid_argument",
    `training: these instructions change what documents of ${changed.join(", ")} are encoded with, and training the ` +
      `query side leaves documents as ${base} encodes them; give pairs whose \`document\` is the base's, or train the encoder`,
  );
}

/** All of a linear map; of an encoder its adapters, those included that a group keeps as they began. */
function learnt({ arena }: Trainable, kind: AdapterSettings["kind"]): ReadonlyMap<string, Tensor> {
  const names = arena.names.filter((name) => kind === "linear" || /\.lora_[AB]$/.test(name));
  return new Map(
    names.map((name) => [name, createTensor("float32", arena.shape(name), arena.parameter(name))]),
  );
}

/** The sequences of a context: each holds what it has read, and takes up where a new text agrees with that. */

import type { LlamaContext, LlamaContextSequence, Token } from "node-llama-cpp";
import { createGate } from "../gate.ts";
import { interrupted } from "../interrupted.ts";

/** Tokens that are read between two looks at the signal; a prompt of thousands takes a processor minutes. */
const slice = 512;

export interface Sequences {
  /** Runs `task` with a sequence of its own: of the free ones, the one that agrees longest with `tokens`. */
  use<Value>(
    tokens: readonly Token[],
    signal: AbortSignal | undefined,
    task: (sequence: LlamaContextSequence) => Promise<Value>,
  ): Promise<Value>;
  /** The same for work that is no single promise; what is given back must be released. */
  take(tokens: readonly Token[], signal: AbortSignal | undefined): Promise<Taken>;
}

export interface Taken {
  readonly sequence: LlamaContextSequence;
  /** `isSound`: whether what the sequence holds is known; else it is emptied. */
  release(isSound: boolean): Promise<void>;
}

export function openSequences(context: LlamaContext, count: number): Sequences {
  const free = Array.from({ length: count }, () => context.getSequence());
  const gate = createGate(count);
  const take = async (tokens: readonly Token[], signal: AbortSignal | undefined): Promise<Taken> => {
    const leave = await gate.enter(signal);
    const sequence = nearest(free, tokens);
    free.splice(free.indexOf(sequence), 1);
    return {
      sequence,
      async release(isSound) {
        try {
          if (!isSound) await sequence.clearHistory();
        } finally {
          free.push(sequence);
          leave();
        }
      },
    };
  };
  return {
    take,
    async use(tokens, signal, task) {
      const { sequence, release } = await take(tokens, signal);
      let isSound = false;
      try {
        const value = await task(sequence);
        isSound = true;
        return value;
      } finally {
        await release(isSound);
      }
    },
  };
}

function nearest(free: readonly LlamaContextSequence[], tokens: readonly Token[]): LlamaContextSequence {
  const [first, ...others] = free;
  if (first === undefined) throw new Error("a turn without a free sequence");
  const agreed = (sequence: LlamaContextSequence): number =>
    sequence.compareContextTokens([...tokens]).firstDifferentIndex;
  return others.reduce((best, next) => (agreed(next) > agreed(best) ? next : best), first);
}

/** Makes the sequence hold exactly `tokens`; what it holds already is not read again. */
export async function readUpTo(
  sequence: LlamaContextSequence,
  tokens: readonly Token[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await rewind(sequence, tokens);
  for (let at = sequence.nextTokenIndex; at < tokens.length; at += slice) {
    if (signal?.aborted) throw interrupted(signal);
    await sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(at, at + slice));
  }
}

/** Takes back what the sequence holds beyond its agreement with `tokens`. */
async function rewind(sequence: LlamaContextSequence, tokens: readonly Token[]): Promise<void> {
  const { firstDifferentIndex: start } = sequence.compareContextTokens([...tokens]);
  const end = sequence.nextTokenIndex;
  if (start < end) await sequence.eraseContextTokenRanges([{ start, end }]);
  // Some architectures cannot take back a part.
  if (sequence.nextTokenIndex !== start) await sequence.clearHistory();
}

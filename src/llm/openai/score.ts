/** Log-probabilities of continuations through a server, once the probe has found that they can be trusted. */

import { type OnNotice, RetrieveError } from "../../std/index.ts";
import { allOrNone } from "../all-or-none.ts";
import { interrupted } from "../interrupted.ts";
import type { ContinuationScore, LanguageModel } from "../language-model.ts";
import { onAbort } from "../on-abort.ts";
import type { ReadText } from "./forms.ts";
import { type Conforming, formatProbe, probeScoring } from "./probe.ts";
import { readTexts } from "./scorer.ts";
import type { Server } from "./server.ts";

/** Characters that a request with several texts holds, so that its answer stays small. */
const batchCharacters = 100_000;

/**
 * The `score` of a server's model. The first call runs the probe; a server that does not pass is refused with
 * `unsupported` and what was seen. Each text is sent whole: servers that keep prefixes evaluate a shared prompt once,
 * vLLM evaluates it anew.
 */
export function createScore(
  server: Server,
  onNotice: OnNotice | undefined,
): NonNullable<LanguageModel["score"]> {
  let probe: Promise<Conforming> | undefined;
  const conforming = (): Promise<Conforming> => {
    probe ??= runProbe(server, onNotice).catch((error) => {
      // A server that was away may come back; one that cannot score stays refused.
      if (!RetrieveError.isInstance(error) || error.code !== "unsupported") probe = undefined;
      throw error;
    });
    return probe;
  };
  return async (prompt, continuations, { signal } = {}) => {
    const { form, batch } = await unlessAborted(conforming(), signal);
    const wanted = [...new Set(continuations.filter((text) => text !== ""))];
    const scores = new Map<string, ContinuationScore>([["", { tokens: [], logProbabilities: [] }]]);
    const groups = grouped(wanted, batch, prompt.length);
    await allOrNone(groups, signal, async (group, together) => {
      const texts = group.map((continuation) => prompt + continuation);
      const read = await readTexts(server, form, texts, { signal: together });
      if ("fault" in read) {
        throw new RetrieveError("network", `${server.where} stopped to score by ${form}: ${read.seen}`);
      }
      for (const [index, continuation] of group.entries()) {
        scores.set(continuation, selected(server, read[index] as ReadText, prompt.length));
      }
    });
    return continuations.map((continuation) => scores.get(continuation) as ContinuationScore);
  };
}

async function runProbe(server: Server, onNotice: OnNotice | undefined): Promise<Conforming> {
  const result = await probeScoring(server);
  const line = formatProbe(result);
  if (!("findings" in result)) {
    onNotice?.(`${server.where} ${line}`);
    return result;
  }
  throw new RetrieveError(
    "unsupported",
    `${server.where} does not tell the likelihood of a given text. ${line}. ` +
      "Wanted a server with prompt_logprobs (vLLM) or echo and logprobs (llama-cpp-python, retrieve serve --completions); " +
      "or choose a reward that needs none: yes-no, generation-em, generation-f1",
  );
}

/** The tokens of the continuation: all that end behind the prompt, so one that the boundary runs through is among them. */
function selected(
  server: Server,
  { tokens, logProbabilities, ends }: ReadText,
  promptLength: number,
): ContinuationScore {
  const first = ends.findIndex((end) => end > promptLength);
  const values = logProbabilities.slice(first);
  const known = values.filter((one) => one !== null);
  if (known.length < values.length) {
    throw new RetrieveError(
      "invalid_argument",
      `${server.where} tells no log-probability of a text's first token; got a prompt of less than a token, wanted one or more`,
    );
  }
  return { tokens: tokens.slice(first), logProbabilities: known };
}

function grouped(continuations: readonly string[], batch: number, promptLength: number): string[][] {
  const groups: string[][] = [];
  let size = 0;
  for (const continuation of continuations) {
    const length = promptLength + continuation.length;
    const last = groups.at(-1);
    if (last === undefined || last.length === batch || size + length > batchCharacters) {
      groups.push([continuation]);
      size = length;
    } else {
      last.push(continuation);
      size += length;
    }
  }
  return groups;
}

/** The promise, or `interrupted` when the caller no longer waits for it. */
function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  return new Promise((resolve, reject) => {
    const release = onAbort(signal, () => reject(interrupted(signal)));
    promise.then(resolve, reject).finally(release);
  });
}

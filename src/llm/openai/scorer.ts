/** Texts to a server, their log-probabilities back. */

import { RetrieveError } from "../../std/index.ts";
import { type Finding, type ReadText, readScored, type ScoringForm, scoringBody } from "./forms.ts";
import { refusalOf } from "./refusal.ts";
import type { Server } from "./server.ts";
import type { RequestOptions } from "./transport.ts";

/** Reads texts in one form with one request; says what is wrong with the answer. Throws where there is none. */
export async function readTexts(
  server: Server,
  form: ScoringForm,
  texts: readonly string[],
  request: RequestOptions,
): Promise<readonly ReadText[] | Finding> {
  const body = scoringBody(form, server.model, texts, server.takesZeroTokens ? 0 : 1);
  const leave = await server.gate.enter(request.signal);
  try {
    return readScored(form, texts, await server.transport.json("/completions", body, request));
  } finally {
    leave();
  }
}

/** The result, or what its failure says about the server. */
export async function orFinding<Result>(work: Promise<Result>): Promise<Result | Finding> {
  try {
    return await work;
  } catch (error) {
    const finding = findingOf(error);
    if (finding === undefined) throw error;
    return finding;
  }
}

/** What a failed request says about scoring; undefined where it says nothing: no connection, no right, too busy. */
function findingOf(error: unknown): Finding | undefined {
  if (!RetrieveError.isInstance(error)) return undefined;
  // Servers in Python write NaN into JSON, which has no word for it.
  if (error.cause instanceof SyntaxError) return { fault: "notANumber", seen: error.message };
  const status = refusalOf(error)?.status ?? 0;
  return [400, 404, 405, 422, 500, 501].includes(status)
    ? { fault: "refused", seen: error.message }
    : undefined;
}

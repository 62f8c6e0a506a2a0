/** Prompts that fit a window: what was found gives way, the question and the output never. */

import type { CachedModel } from "../../dataset/index.ts";

/** Tokens that are kept free: the mark of the beginning, and what a merge over a border may cost. */
const slack = 2;

/** Why an item was not asked. */
export const tooLong = { leftOut: "longer than the window" } as const;

/**
 * The prompt with as many of `parts` (most relevant first) as fit `tokens` together with `reserved` tokens of output: the
 * last ones are dropped, and the last that is left is cut. Undefined where not even the prompt without any fits.
 */
export async function fitPrompt(
  model: CachedModel,
  parts: readonly string[],
  write: (parts: readonly string[]) => string,
  { tokens, reserved }: { readonly tokens: number; readonly reserved: number },
): Promise<string | undefined> {
  const room = Math.min(tokens, model.window) - reserved - slack;
  for (let kept = parts.length; kept >= 0; kept--) {
    const some = parts.slice(0, kept);
    const prompt = write(some);
    const over = (await model.count(prompt)) - room;
    if (over <= 0) return prompt;
    const last = some.at(-1);
    if (kept !== 1 || last === undefined) continue;
    const cut = write([await model.cut(last, Math.max(0, (await model.count(last)) - over - slack))]);
    if ((await model.count(cut)) <= room) return cut;
  }
  return undefined;
}

/** The tokens of the longest. */
export async function longest(model: CachedModel, texts: readonly string[]): Promise<number> {
  const counts = await Promise.all(texts.map((text) => model.count(text)));
  return Math.max(0, ...counts);
}

/** `retrieve models merge`: one encoder out of several, by averaging their weights. */

import { type Command, InvalidArgumentError } from "commander";
import type { MergedModel, MergeShare } from "../encoder/index.ts";
import { RetrieveError } from "../std/index.ts";
import type { DefineCommand } from "./command.ts";
import { megabytes, table } from "./layout.ts";
import { collect, type GlobalOptions, option } from "./options.ts";
import { showProgress } from "./progress.ts";
import { note, print, printJson, type Terminal } from "./terminal.ts";

interface MergeFlags extends GlobalOptions {
  readonly out: string;
  readonly asGiven: boolean;
}

interface Given {
  readonly model: string;
  readonly weight: number | undefined;
}

export const defineMerge: DefineCommand = (models, { terminal, signal }) => {
  models
    .command("merge")
    .description("average the weights of encoders tuned from one base (LM-Cocktail)")
    .argument(
      "<models...>",
      "MODEL=WEIGHT each, or MODEL alone for equal weights; a bundled name, a folder or a hub id",
      collect(parseShare),
    )
    .addOption(option("--as-given", "do not divide the weights by their sum").default(false))
    .addOption(option("--out <dir>", "new folder").makeOptionMandatory())
    .addHelpText("after", "\nExample:\n  retrieve models merge ./base=1 ./tuned=3 --out ./merged")
    .action(async (given: readonly Given[], _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<MergeFlags>();
      const { mergeModels } = await import("../encoder/index.ts");
      const progress = showProgress(terminal, flags, "fetching");
      const merged = await mergeModels({
        models: sharesOf(given),
        out: flags.out,
        asGiven: flags.asGiven,
        offline: flags.offline,
        onNotice: (message) => note(terminal, flags, message),
        onProgress: progress.report,
        signal,
      }).finally(progress.stop);
      if (flags.json) printJson(terminal, merged);
      else showMerged(terminal, merged);
    });
};

/** The last `=` parts model and weight, so that a path may have others. */
function parseShare(text: string): Given {
  const at = text.lastIndexOf("=");
  if (at === -1) return { model: text, weight: undefined };
  const weight = text.slice(at + 1).trim();
  if (at > 0 && weight !== "" && Number.isFinite(Number(weight))) {
    return { model: text.slice(0, at), weight: Number(weight) };
  }
  throw new InvalidArgumentError("wanted MODEL=WEIGHT with a number as weight, or MODEL.");
}

function sharesOf(given: readonly Given[]): MergeShare[] {
  const without = given.filter(({ weight }) => weight === undefined);
  if (without.length > 0 && without.length < given.length) {
    const names = without.map(({ model }) => model).join(", ");
    throw new RetrieveError("usage", `${names}: no weight; give every model one (MODEL=WEIGHT), or none`);
  }
  return given.map(({ model, weight = 1 }) => ({ model, weight }));
}

function showMerged(terminal: Terminal, { out, bytes, models }: MergedModel): void {
  const rows = models.map(({ model, weight }) => [model, weight.toFixed(4)]);
  for (const line of table([["model", "weight"], ...rows])) print(terminal, line);
  print(terminal, `${out}: ${megabytes(bytes)}`);
}

/** Where a model is: bundled with the package, a folder on disk, or the cache of what the hub has. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RetrieveError } from "../std/index.ts";
import { exists } from "./folder.ts";
import { cachedModel, defaultCacheFolder, type HubOptions, parseHubId, pullModel } from "./hub.ts";

/** The folder of the bundled models: beside the built code, in a checkout and in the published package. */
export const bundledFolder: string = fileURLToPath(new URL("../../models", import.meta.url));

/** The names of the bundled models. */
export async function bundledNames(): Promise<string[]> {
  if (!(await exists(bundledFolder))) return [];
  const entries = await readdir(bundledFolder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/**
 * The folder of `model`. A bundled name comes before a folder of the same name, which is meant with `./name`.
 * A hub id is downloaded when it is not in the cache. Throws `not_found` when it is none of the three.
 */
export async function locateModel(
  model: string,
  options: HubOptions,
): Promise<{ readonly folder: string; readonly hubId?: string }> {
  const bundled = await bundledNames();
  if (bundled.includes(model)) return { folder: join(bundledFolder, model) };
  if (await exists(model)) return { folder: model };
  const id = parseHubId(model);
  if (id !== undefined) {
    const cached = await cachedModel(id, options.cacheFolder ?? defaultCacheFolder);
    return { folder: cached ?? (await pullModel(id, options)), hubId: id.name };
  }
  throw new RetrieveError(
    "not_found",
    `no model ${model}; wanted a bundled name (${bundled.join(", ")}), a folder, or a hub id (owner/name)`,
  );
}

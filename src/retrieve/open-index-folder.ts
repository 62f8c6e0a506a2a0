/** Opens the folder of an index. */

import { RetrieveError } from "../std/index.ts";
import type { IndexFolder, IndexFolderOptions } from "./index-folder.ts";

/**
 * Opens an index, made by the first write where there is none.
 *
 * Throws `locked` when another process writes and `wait` is not set, `format_version` for an index of a newer
 * version, `invalid_data` for a broken manifest.
 */
export async function openIndexFolder(path: string, options: IndexFolderOptions): Promise<IndexFolder> {
  throw new RetrieveError("internal", `openIndexFolder(${path}, ${options.readOnly}) has no body`);
}

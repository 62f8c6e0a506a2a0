/** Optional packages: loaded when their work comes up, named with their install line when they are not there. */

import { RetrieveError, systemCode } from "./errors.ts";

/** What `load` imports. Throws `missing_package` when the package `name` is not installed. */
export async function loadPeer<Module>(
  name: string,
  purpose: string,
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    if (systemCode(error) !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new RetrieveError(
      "missing_package",
      `${purpose} needs the package ${name}, which is not installed; run: npm install ${name}`,
      { cause: error },
    );
  }
}

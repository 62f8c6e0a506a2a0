/** The shipped samples: where they lie, and the small service among them. */

import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const samples: string = fileURLToPath(new URL("../../samples/", import.meta.url));

/** A harbour office of eight operations on the loopback address; `samples/tools/service.mjs`. */
export interface SampleService {
  readonly host: string;
  readonly url: string;
  close(): Promise<void>;
}

export async function startSampleService(): Promise<SampleService> {
  // The module ships beside the built code and has no types of its own.
  const loaded: { startService(): Promise<SampleService> } = await import(
    new URL("../../samples/tools/service.mjs", import.meta.url).href
  );
  return loaded.startService();
}

/** The sources of all sample tools, as `add tools` takes them. */
export function sampleTools({ url }: SampleService): string[] {
  const path = (name: string): string => relative(process.cwd(), join(samples, "tools", name));
  return [url, `mcp:"${process.execPath}" "${path("library.mjs")}"`, path("functions.json")];
}

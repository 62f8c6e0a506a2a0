/** `node-llama-cpp`, which not everybody needs, loaded when a model of it is opened. */

import type { Llama } from "node-llama-cpp";
import { loadPeer, messageOf, RetrieveError } from "../../std/index.ts";

export type Package = typeof import("node-llama-cpp");

/** Throws `missing_package` where it is not installed, `unsupported` where it has no binary for this machine. */
export async function loadPackage(): Promise<Package> {
  return await loadPeer("node-llama-cpp", "language models in process", () => import("node-llama-cpp"));
}

let running: Promise<Llama> | undefined;

/** The one engine of this process: its binary, on the GPU where it has one for it. */
export async function startLlama({ getLlama, LlamaLogLevel }: Package): Promise<Llama> {
  // Nothing is compiled or downloaded: the package has its binaries with it.
  running ??= getLlama({ build: "never", skipDownload: true, logLevel: LlamaLogLevel.error }).catch(
    (cause: unknown) => {
      running = undefined;
      throw new RetrieveError(
        "unsupported",
        `llama.cpp does not start on this machine: ${messageOf(cause)}; use a server instead, as openai:MODEL@URL`,
        { cause },
      );
    },
  );
  return await running;
}

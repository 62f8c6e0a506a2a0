/** What the pool and its workers say to each other. */

import type { ErrorCode } from "../std/index.ts";
import type { Tensor } from "../tensor/index.ts";

/** To a worker: open this model (first, once), compute, or end. */
export type Request =
  | { readonly kind: "open"; readonly model: Uint8Array | string; readonly device: string }
  | { readonly kind: "run"; readonly feeds: Readonly<Record<string, Tensor>> }
  | { readonly kind: "close" };

/** From a worker: it is open, a result, or an error (of opening or of a run). */
export type Reply =
  | { readonly kind: "open"; readonly inputs: readonly string[]; readonly outputs: readonly string[] }
  | { readonly kind: "result"; readonly outputs: Readonly<Record<string, Tensor>> }
  | { readonly kind: "error"; readonly code: ErrorCode; readonly message: string };

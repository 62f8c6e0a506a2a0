import type { Gate } from "../gate.ts";
import type { Dialect } from "./dialect.ts";
import type { Transport } from "./transport.ts";

/** One model at one server: what all that is asked of it shares. */
export interface Server {
  readonly model: string;
  /** For messages. */
  readonly where: string;
  readonly transport: Transport;
  readonly gate: Gate;
  readonly dialect: Dialect;
  /** Whether a text can be read without generating a token after it. */
  readonly takesZeroTokens: boolean;
}

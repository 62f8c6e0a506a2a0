/**
 * One tool a language model can be offered: what it does, what it takes, and how it is run.
 *
 * Plain JSON, so that an index keeps it as it is. Knows nothing of where it came from and never runs anything.
 */

import type { JsonValue } from "../../store/index.ts";
import type { JsonObject } from "./json.ts";

/** Where one argument goes in an HTTP request; `style` and `explode` as OpenAPI 3 defines them. */
export type ParameterPlace = {
  /** The property of the arguments. */
  readonly argument: string;
  /** The name on the wire. */
  readonly name: string;
  readonly in: "path" | "query" | "header" | "cookie";
  readonly style: string;
  readonly explode: boolean;
  /** The value is sent as JSON text (`content` instead of `schema`). */
  readonly json?: boolean;
};

/** How the body of an HTTP request is made from the arguments. */
export type BodyPlace = {
  readonly contentType: string;
  readonly encoding: "json" | "form" | "multipart" | "text";
  /**
   * One argument that is the whole body, or arguments that are its fields. With `rest`, arguments that are named
   * nowhere are fields under their own names.
   */
  readonly from:
    | { readonly argument: string }
    | {
        readonly fields: readonly { readonly argument: string; readonly name: string }[];
        readonly rest: boolean;
      };
};

/** How a tool is run. Credentials and environment variables are never part of it: the host gives those at the call. */
export type Execution =
  | {
      readonly type: "http";
      readonly method: string;
      /** Absolute, with `{name}` for path parameters. Relative where the document named no server. */
      readonly url: string;
      readonly parameters: readonly ParameterPlace[];
      readonly body?: BodyPlace;
    }
  | {
      readonly type: "mcp";
      /** What `allow` names. */
      readonly server: string;
      /** The server's own name of the tool. */
      readonly tool: string;
      /** The command with its arguments, or the `mcpServers` file in which `server` is described. */
      readonly launch: { readonly command: readonly string[] } | { readonly config: string };
    }
  /** A function that the host gives at the call, by the tool's name. */
  | { readonly type: "function" };

/** A tool as it is kept: plain JSON. */
export type Tool = {
  /** `SERVER.NAME`. Stays the same when the source is read again. */
  readonly id: string;
  /** Valid as a function name of chat APIs: `[a-zA-Z0-9_-]{1,64}`. */
  readonly name: string;
  /** The API, MCP server or file it belongs to. */
  readonly server: string;
  readonly category: string;
  /** A short human name; `name` where the source has none. */
  readonly title: string;
  readonly description: string;
  /** JSON Schema of the arguments, an object; self-contained (`$defs` for recursive parts). */
  readonly parameters: JsonObject;
  /** What a result looks like, in types, where the source tells it: `{ "id": "int", "tags": ["str"] }`. */
  readonly returns?: JsonValue;
  /** The file, URL or command it was read from. */
  readonly source: string;
  readonly execution: Execution;
};

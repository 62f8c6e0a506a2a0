/** Arguments against a tool's schema, before anything is sent. Neither the schema nor the arguments are trusted. */

import { createContext, Script } from "node:vm";
import { Ajv, type ErrorObject, type Options, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { messageOf, RetrieveError } from "../../std/index.ts";
import { isJsonObject, type JsonObject, toJson } from "./json.ts";
import type { Tool } from "./tool.ts";

/** Faults that one error lists. */
const shownFaults = 10;

/** A pattern that takes longer on one text backtracks without end. */
const patternMs = 1_000;

/**
 * The arguments as plain JSON, valid under the tool's schema: JSON Schema 2020-12, or draft-07 where the schema says so
 * or only fits there. Formats are checked; nothing is converted, no defaults are put in, no reference is loaded.
 *
 * Throws `invalid_argument` listing each fault, or for arguments that are no JSON object; `unsupported` for a schema
 * that does not compile, or has a pattern that takes more than a second. Cost: a few milliseconds; the first call some tens more.
 */
export function validateArguments(tool: Pick<Tool, "id" | "parameters">, args: unknown): JsonObject {
  const given = toJson(args, `${tool.id}: arguments`, "invalid_argument");
  if (!isJsonObject(given)) {
    const got = Array.isArray(given) ? "an array" : JSON.stringify(given).slice(0, 60);
    throw new RetrieveError("invalid_argument", `${tool.id}: got ${got} as arguments, wanted a JSON object`);
  }
  const validate = compile(tool);
  if (isValid(validate, given, tool.id)) return given;
  const errors = validate.errors ?? [];
  const shown = [...new Set(errors.map(describeFault))].slice(0, shownFaults);
  const more = errors.length > shownFaults ? `; and ${errors.length - shownFaults} more` : "";
  throw new RetrieveError("invalid_argument", `${tool.id}: wrong arguments: ${shown.join("; ")}${more}`);
}

function isValid(validate: ValidateFunction, args: JsonObject, id: string): boolean {
  try {
    return validate(args) === true;
  } catch (error) {
    if (RetrieveError.isInstance(error))
      throw new RetrieveError(error.code, `${id}: ${error.message}`, { cause: error });
    throw new RetrieveError("unsupported", `${id}: its schema cannot be checked (${messageOf(error)})`, {
      cause: error,
    });
  }
}

function compile({ id, parameters }: Pick<Tool, "id" | "parameters">): ValidateFunction {
  // `$async` would turn the answer into a promise; `$id` and `$schema` name documents that are not here.
  const { $schema, $id: _id, $async: _async, ...schema } = parameters;
  const alone = JSON.stringify(schema).includes('"$id"');
  const dialects = dialectsOf($schema).map((dialect) => {
    const ajv = dialect(alone);
    try {
      return ajv.compile(schema);
    } catch (error) {
      return error;
    } finally {
      ajv.removeSchema(schema);
    }
  });
  const compiled = dialects.find((result) => typeof result === "function");
  if (compiled !== undefined) return compiled as ValidateFunction;
  throw new RetrieveError(
    "unsupported",
    `${id}: its parameters are no usable JSON Schema (${messageOf(dialects[0])}); correct them at the source and add it again`,
    { cause: dialects[0] },
  );
}

const options: Options = {
  allErrors: true,
  strict: false,
  logger: false,
  verbose: true,
  ownProperties: true,
  code: { regExp: Object.assign(boundedPattern, { code: "boundedPattern" }) },
};

const draft2020 = once((): Ajv => new Ajv2020(options));
const draft07 = once((): Ajv => new Ajv(options));

/**
 * A validator made at the first use and kept: it compiles its own meta-schemas, which costs more than any schema here.
 * A schema that names parts by `$id` gets one of its own, as those names would stay behind.
 */
function once(make: () => Ajv): (alone: boolean) => Ajv {
  let shared: Ajv | undefined;
  return (alone) => {
    if (alone) return addFormats.default(make());
    shared ??= addFormats.default(make());
    return shared;
  };
}

function dialectsOf(schema: unknown): ((alone: boolean) => Ajv)[] {
  if (typeof schema !== "string") return [draft2020, draft07];
  return /draft-0[3-7]/.test(schema) ? [draft07] : [draft2020];
}

/**
 * A pattern whose every test ends: it runs where V8 can interrupt it. Patterns that are only valid without the `u`
 * flag (`\-`) are taken without it.
 */
function boundedPattern(pattern: string, flags: string): { test(text: string): boolean; toString(): string } {
  const expression = toRegExp(pattern, flags);
  const context = createContext({ expression, text: "" });
  const script = new Script("expression.test(text)");
  return {
    test: (text) => {
      context["text"] = text;
      try {
        return script.runInContext(context, { timeout: patternMs }) === true;
      } catch (error) {
        throw new RetrieveError(
          "unsupported",
          `the pattern ${pattern.slice(0, 80)} of its schema takes more than ${patternMs} ms on this argument; simplify it at the source`,
          { cause: error },
        );
      }
    },
    toString: () => String(expression),
  };
}

function toRegExp(pattern: string, flags: string): RegExp {
  try {
    return new RegExp(pattern, flags);
  } catch {
    return new RegExp(pattern);
  }
}

function describeFault({ instancePath, keyword, message, params, data }: ErrorObject): string {
  const path = instancePath
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .join(".");
  const where = path === "" ? "the arguments" : path;
  if (keyword === "required")
    return `${path === "" ? "" : `${path}.`}${params["missingProperty"]} is missing`;
  if (keyword === "additionalProperties" || keyword === "unevaluatedProperties") {
    return `${path === "" ? "" : `${path}.`}${params["additionalProperty"] ?? params["unevaluatedProperty"]} is not known`;
  }
  const allowed =
    keyword === "enum" ? ` (${JSON.stringify(params["allowedValues"]).slice(1, -1).slice(0, 200)})` : "";
  return `${where} ${message}${allowed}, got ${JSON.stringify(data).slice(0, 60)}`;
}

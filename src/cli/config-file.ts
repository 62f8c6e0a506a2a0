/** Configuration files: one object, as YAML or, which YAML includes, as JSON. */

import { extname } from "node:path";
import { messageOf, RetrieveError, readText } from "../std/index.ts";

/**
 * The object in a file that ends in `.json`, `.yaml` or `.yml`. Its keys are not looked at.
 *
 * Throws `not_found`, `invalid_data` for what does not parse or is no object, and `usage` for another ending.
 */
export async function readConfigFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  const ending = extname(path).toLowerCase();
  if (![".json", ".yaml", ".yml"].includes(ending)) {
    throw new RetrieveError("usage", `${path}: ends in "${ending}"; wanted .json, .yaml or .yml`);
  }
  const text = await readText(path);
  const value: unknown = ending === ".json" ? parse(path, text, JSON.parse) : await parseYaml(path, text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new RetrieveError(
    "invalid_data",
    `${path}: holds no object; wanted settings by name, as steps: 1000`,
  );
}

async function parseYaml(path: string, text: string): Promise<unknown> {
  const yaml = await import("yaml");
  return parse(path, text, (content) => yaml.parse(content, { prettyErrors: true }));
}

function parse(path: string, text: string, parser: (text: string) => unknown): unknown {
  try {
    return parser(text);
  } catch (cause) {
    const [first = ""] = messageOf(cause).split("\n");
    throw new RetrieveError("invalid_data", `${path}: ${first}`, { cause });
  }
}

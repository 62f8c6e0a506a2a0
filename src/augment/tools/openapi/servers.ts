/** Where an operation is served. */

import type { JsonValue } from "../../../store/index.ts";
import { isJsonObject } from "../json.ts";

/**
 * The URL of the first server in the innermost list (operation, path, document), its variables at their defaults, made
 * absolute by the document's own URL. Relative where the document is a file and names no absolute server: such a tool
 * can be found but not called. Without a slash at the end.
 */
export function serverUrl(lists: readonly (JsonValue | undefined)[], source: string): string {
  const servers = lists.find((list) => Array.isArray(list) && list.length > 0);
  const first = Array.isArray(servers) ? servers[0] : undefined;
  const server = isJsonObject(first) ? first : {};
  const template = typeof server["url"] === "string" ? server["url"] : "/";
  const variables = isJsonObject(server["variables"]) ? server["variables"] : {};
  const url = template.replace(/\{([^{}]+)\}/g, (whole, name: string) => {
    const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
    const preset = isJsonObject(variable) ? variable["default"] : undefined;
    return preset === undefined ? whole : String(preset);
  });
  const absolute = /^https?:/i.test(source) && URL.canParse(url, source) ? new URL(url, source).href : url;
  return absolute.replace(/[?#].*$/, "").replace(/\/+$/, "");
}

/** Values in the styles of OpenAPI 3 parameters (RFC 6570 in parts): pure text. */

import type { JsonValue } from "../../../store/index.ts";
import { isJsonObject } from "../json.ts";
import type { ParameterPlace } from "../tool.ts";

/** Percent-encoded so that nothing in it has a meaning in a URL; lone surrogates become U+FFFD. */
export function encode(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A value as text where it is not split into parts. */
export function plainText(value: JsonValue): string {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The value of a path parameter, encoded: styles `simple` (`a,b`), `label` (`.a.b`), `matrix` (`;name=a,b`). */
export function pathText(value: JsonValue, place: ParameterPlace): string {
  const { style, explode } = place;
  const name = encode(place.name);
  const parts = partsOf(value, place);
  if (style === "label") return `.${parts.join(explode ? "." : ",")}`;
  if (style !== "matrix") return parts.join(",");
  if (explode && isJsonObject(value)) return parts.map((part) => `;${part}`).join("");
  return explode ? parts.map((part) => `;${name}=${part}`).join("") : `;${name}=${parts.join(",")}`;
}

/** A query parameter as `name=value` pairs, encoded: styles `form`, `spaceDelimited`, `pipeDelimited`, `deepObject`. */
export function queryPairs(value: JsonValue, place: ParameterPlace): string[] {
  const { style, explode } = place;
  const name = encode(place.name);
  if (place.json) return [`${name}=${encode(JSON.stringify(value))}`];
  if (isJsonObject(value)) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== null);
    if (style === "deepObject") {
      return entries.map(
        ([key, inner]) => `${name}${encode("[")}${encode(key)}${encode("]")}=${encode(plainText(inner))}`,
      );
    }
    if (explode) return entries.map(([key, inner]) => `${encode(key)}=${encode(plainText(inner))}`);
  }
  const parts = partsOf(value, place);
  if (Array.isArray(value) && explode) return parts.map((part) => `${name}=${part}`);
  return [`${name}=${parts.join(separators[style] ?? ",")}`];
}

const separators: Readonly<Record<string, string>> = { spaceDelimited: "%20", pipeDelimited: "%7C" };

/** A header's value, style `simple`; headers are not percent-encoded. */
export function headerText(value: JsonValue, place: ParameterPlace): string {
  if (place.json) return JSON.stringify(value);
  if (Array.isArray(value)) return value.map(plainText).join(",");
  if (!isJsonObject(value)) return plainText(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key}${place.explode ? "=" : ","}${plainText(inner)}`)
    .join(",");
}

function partsOf(value: JsonValue, { explode, json }: ParameterPlace): string[] {
  if (json) return [encode(JSON.stringify(value))];
  if (Array.isArray(value)) return value.map((item) => encode(plainText(item)));
  if (!isJsonObject(value)) return [encode(plainText(value))];
  const entries = Object.entries(value).map(([key, inner]) => [encode(key), encode(plainText(inner))]);
  return explode ? entries.map(([key, inner]) => `${key}=${inner}`) : entries.flat();
}

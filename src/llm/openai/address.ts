/** Where an OpenAI-compatible model is: `MODEL@URL`. */

import { RetrieveError } from "../../std/index.ts";

export interface OpenaiAddress {
  /** As the server names it. */
  readonly model: string;
  /** What the paths of the API are put after, without a slash at its end: `http://localhost:8000/v1`. */
  readonly base: string;
}

/**
 * Parses `MODEL@URL`; the last `@` parts them.
 *
 * A URL without a scheme is http on this machine or with a port, else https. `/v1` is added where no part of the path
 * is a version. Throws `invalid_argument` that says what was wanted.
 */
export function parseOpenaiAddress(text: string): OpenaiAddress {
  const at = text.lastIndexOf("@");
  const model = text.slice(0, Math.max(at, 0)).trim();
  const place = text.slice(at + 1).trim();
  if (model === "" || place === "") throw badAddress(text, at < 0 ? "no @ in it" : "a part is empty");
  // With a user in the URL the last @ stands behind that user.
  if (model.includes("://")) {
    throw badAddress("…", "a user or password does not belong into it; keys are given as an option");
  }
  const url = parseUrl(place);
  if (url === undefined) throw badAddress(text, `"${place}" is no http or https URL`);
  if (url.search !== "" || url.hash !== "")
    throw badAddress(text, "a query or fragment does not belong into it");
  const path = url.pathname.replace(/\/+$/, "").replace(/\/(chat\/)?completions$/, "");
  const versioned = /\/v\d\w*(\/|$)/.test(path) ? path : `${path}/v1`;
  return { model, base: url.origin + versioned };
}

function parseUrl(place: string): URL | undefined {
  const withScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(place) ? place : `${schemeFor(place)}://${place}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  return url?.protocol === "http:" || url?.protocol === "https:" ? url : undefined;
}

function schemeFor(place: string): "http" | "https" {
  const host = place.split("/")[0] ?? "";
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])(:|$)/.test(host);
  return isHere || /:\d+$/.test(host) ? "http" : "https";
}

function badAddress(text: string, fault: string): RetrieveError {
  return new RetrieveError(
    "invalid_argument",
    `language model: got "openai:${text}" (${fault}), wanted openai:MODEL@URL, such as openai:qwen3@http://localhost:8000/v1`,
  );
}

/** What the host allowed to run. Entries are compared exactly; what no entry names does not run. */

import { isIP } from "node:net";
import { RetrieveError } from "../../std/index.ts";

/**
 * Whether an entry of `allow` names the host of `url`: `api.example.com` is its default port, any other port is
 * written out (`localhost:8080`), `https://api.example.com` allows that scheme alone. No wildcards, no subdomains.
 */
export function allowsHost(allow: readonly string[], url: URL): boolean {
  return allow.some((entry) => {
    const exact = entry.includes("://");
    const written = exact ? entry : `${url.protocol}//${entry}`;
    if (!URL.canParse(written)) return false;
    const { protocol, host, pathname, search, username } = new URL(written);
    return protocol === url.protocol && host === url.host && pathname === "/" && search + username === "";
  });
}

/** Refuses a URL whose host is not allowed, is written with credentials, or is not reached by HTTP. */
export function requireHost(allow: readonly string[], url: URL, what: string): void {
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new RetrieveError(
      "not_allowed",
      `${what}: ${url.protocol} addresses are refused, only http and https are called`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new RetrieveError(
      "not_allowed",
      `${what}: an address with a user name is refused; give credentials as headers of the call`,
    );
  }
  if (allowsHost(allow, url)) return;
  throw notAllowed(what, `the host ${url.host}`, url.host, allow);
}

/** Refuses what has none of `names` in `allow`; the first name is the one to give. */
export function requireName(
  allow: readonly string[],
  names: readonly string[],
  what: string,
  kind: string,
): void {
  if (names.some((name) => allow.includes(name))) return;
  throw notAllowed(what, `${kind} ${names[0]}`, names[0] ?? "", allow);
}

function notAllowed(what: string, subject: string, entry: string, allow: readonly string[]): RetrieveError {
  const quoted = /^[\w.:/[\]-]+$/.test(entry) ? entry : `'${entry}'`;
  const given = allow.length === 0 ? "nothing is allowed" : `allowed: ${allow.join(", ")}`;
  return new RetrieveError(
    "not_allowed",
    `${what}: ${subject} is not allowed (${given}); to run it, give --allow ${quoted}`,
  );
}

/** Whether the address itself says that it is local: an IP address or `localhost`. Allowing it by name is meant. */
export function isExplicitAddress(hostname: string): boolean {
  return hostname === "localhost" || isIP(hostname.replace(/^\[|\]$/g, "")) !== 0;
}

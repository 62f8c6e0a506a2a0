/** Which HTTP headers a tool's data may never set. */

const forbidden = new Set([
  "accept",
  "accept-encoding",
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "cookie",
  "cookie2",
  "expect",
  "forwarded",
  "host",
  "keep-alive",
  "origin",
  "referer",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-real-ip",
]);

/**
 * Whether only the host may set this header: credentials, routing and framing. OpenAPI itself says that parameters named
 * `Accept`, `Content-Type` and `Authorization` are ignored.
 */
export function isForbiddenHeader(name: string): boolean {
  const header = name.toLowerCase();
  return (
    forbidden.has(header) || /^(proxy-|sec-|x-forwarded-)/.test(header) || !/^[!#$%&'*+.^`|~\w-]+$/.test(name)
  );
}

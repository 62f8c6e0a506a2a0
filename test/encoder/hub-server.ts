/** A small server in the layout of huggingface.co, on the loopback, that can break connections and spoil files. */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface HubServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly commit: string;
  /** Requests for content, as `PATH bytes FROM-`, one-byte probes of the size aside. */
  readonly reads: string[];
  /** Cut the connection of the next reads after so many bytes each. */
  breakAfter: number[];
  /** Paths whose content comes with one byte changed. */
  readonly spoiled: Set<string>;
}

export interface HubFile {
  readonly path: string;
  readonly content: Uint8Array;
  /** Whether the hub tells SHA-256 (large files) or git's hash (the others). */
  readonly large?: boolean;
}

export async function startHub(name: string, files: readonly HubFile[]): Promise<HubServer> {
  const commit = createHash("sha1").update(name).digest("hex");
  const reads: string[] = [];
  const hub = { commit, reads, breakAfter: [] as number[], spoiled: new Set<string>() };

  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "").split("?")[0] ?? "");
    const resolved = `/${name}/resolve/${commit}/`;
    if (path === `/api/models/${name}/revision/main` || path === `/api/models/${name}/revision/v1.0`) {
      sendJson(response, { _id: "1", id: name, sha: commit, lastModified: "2023-11-23T00:00:00.000Z" });
    } else if (path === `/api/models/${name}/tree/${commit}`) {
      sendJson(response, files.map(entryOf));
    } else if (path.startsWith(resolved)) {
      const file = files.find((candidate) => candidate.path === path.slice(resolved.length));
      if (file === undefined) response.writeHead(404, { "X-Error-Code": "EntryNotFound" }).end();
      else sendContent(request, response, file, hub);
    } else {
      response.writeHead(404, { "Content-Type": "application/json" }).end('{"error":"Repository not found"}');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  const { port } = server.address() as AddressInfo;
  return Object.assign(hub, { endpoint: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close });
}

function entryOf({ path, content, large }: HubFile): object {
  const size = content.length;
  const git = createHash("sha1").update(`blob ${size}\0`).update(content).digest("hex");
  const sha256 = createHash("sha256").update(content).digest("hex");
  const lfs = { oid: sha256, size, pointerSize: 130 };
  return { type: "file", path, size, oid: large ? "0".repeat(40) : git, ...(large && { lfs }) };
}

function sendContent(
  request: IncomingMessage,
  response: ServerResponse,
  { path, content }: HubFile,
  hub: { readonly reads: string[]; breakAfter: number[]; readonly spoiled: ReadonlySet<string> },
): void {
  const [, first = "0", last] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
  const from = Number(first);
  const to = last ? Number(last) : content.length - 1;
  const probe = from === 0 && to === 0;
  const part = Buffer.from(content.subarray(from, to + 1));
  if (hub.spoiled.has(path) && !probe) part[0] = (part[0] ?? 0) ^ 1;
  response.writeHead(request.headers.range === undefined ? 200 : 206, {
    ETag: `"${path}"`,
    "Content-Length": part.length,
    "Content-Range": `bytes ${from}-${to}/${content.length}`,
  });
  if (!probe) hub.reads.push(`${path} bytes ${from}-`);
  const cut = probe ? undefined : hub.breakAfter.shift();
  if (cut === undefined || cut >= part.length) response.end(part);
  else response.write(part.subarray(0, cut), () => response.socket?.end()); // what was sent arrives
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

/** OpenAPI operations, run over HTTP. */

import { RetrieveError } from "../../../std/index.ts";
import type { JsonValue } from "../../../store/index.ts";
import type { JsonObject } from "../json.ts";
import { cleanText } from "../naming.ts";
import type { Tool } from "../tool.ts";
import { buildRequest, type HttpExecution } from "./request.ts";
import { type HttpLimits, type HttpResponse, send } from "./send.ts";

/**
 * The result of one operation: parsed JSON, text, null for an empty answer, or `{ contentType, base64 }` for other data.
 *
 * Throws `tool_failed` with the beginning of the answer for a status other than 2xx.
 */
export async function callHttp(
  tool: Pick<Tool, "id">,
  execution: HttpExecution,
  args: JsonObject,
  limits: HttpLimits,
): Promise<JsonValue> {
  const response = await send(await buildRequest(tool.id, execution, args), limits, tool.id);
  if (response.status >= 200 && response.status < 300) return resultOf(response, tool.id);
  const { status, statusText, url, bytes } = response;
  const said = cleanText(bytes.toString("utf8").slice(0, 500));
  throw new RetrieveError(
    "tool_failed",
    `${tool.id}: ${execution.method} ${url.origin}${url.pathname} answered ${status} ${cleanText(statusText)}${said === "" ? "" : `: ${said}`}`,
  );
}

function resultOf({ bytes, contentType }: HttpResponse, id: string): JsonValue {
  const [type = "", ...options] = contentType
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  if (bytes.length === 0) return null;
  if (/^application\/(.*\+)?json$|^text\/json$/.test(type)) return parseResult(bytes, id);
  if (type !== "" && !/^text\/|xml$|javascript$|yaml$|x-www-form-urlencoded$/.test(type)) {
    return { contentType: type, base64: bytes.toString("base64") };
  }
  const charset = options
    .find((option) => option.startsWith("charset="))
    ?.slice(8)
    .replaceAll('"', "");
  return decode(bytes, charset);
}

function parseResult(bytes: Buffer, id: string): JsonValue {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    const start = cleanText(bytes.toString("utf8").slice(0, 100));
    throw new RetrieveError("tool_failed", `${id}: answered JSON that cannot be parsed: ${start}`, {
      cause: error,
    });
  }
}

function decode(bytes: Buffer, charset: string | undefined): string {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return bytes.toString("utf8");
  }
}

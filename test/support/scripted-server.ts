/** A server that speaks the API of OpenAI and follows a script: what a client sends is kept, what it gets is written. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A reply in the words of the API. */
export interface ServerReply {
  readonly text?: string;
  readonly calls?: readonly { readonly name: string; readonly arguments: string }[];
  /** Instead of a reply. */
  readonly status?: number;
  /** The connection breaks after the text. */
  readonly breaks?: boolean;
}

/** Fields of a request that the tests look at. */
export interface ChatRequest {
  readonly model: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  /** Of a bare text; a chat has messages. */
  readonly prompt?: string;
  readonly messages: readonly {
    readonly role: string;
    readonly content: string | null;
    readonly tool_calls?: readonly {
      readonly id: string;
      readonly type: string;
      readonly function: { readonly name: string; readonly arguments: string };
    }[];
    readonly tool_call_id?: string;
  }[];
  readonly tools?: readonly {
    readonly type: string;
    readonly function: { readonly name: string; readonly parameters: object };
  }[];
}

export interface ScriptedServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/v1`. */
  readonly url: string;
  readonly requests: readonly ChatRequest[];
  /** Of the requests, in order. */
  readonly authorizations: readonly (string | undefined)[];
}

const routes = ["/v1/chat/completions", "/v1/completions"];

export async function scriptedServer(script: readonly ServerReply[]): Promise<ScriptedServer> {
  const requests: ChatRequest[] = [];
  const authorizations: (string | undefined)[] = [];
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    if (request.method !== "POST" || !routes.includes(request.url ?? "")) {
      response.writeHead(404, { "content-type": "application/json" });
      response.end('{"error":{"message":"no such route"}}');
      return;
    }
    const asked: ChatRequest = JSON.parse(body);
    requests.push(asked);
    authorizations.push(request.headers.authorization);
    const reply = script[requests.length - 1] ?? { status: 400 };
    if (reply.status !== undefined) {
      response.writeHead(reply.status, { "content-type": "application/json" });
      response.end('{"error":{"message":"this request is not in the script"}}');
    } else if (asked.prompt !== undefined) continueText(response, asked, reply);
    else if (asked.stream === true) streamReply(response, asked, reply);
    else sendReply(response, reply);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    authorizations,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const part of request) body += part;
  return body;
}

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

function finishOf({ calls = [] }: ServerReply): string {
  return calls.length > 0 ? "tool_calls" : "stop";
}

function toolCalls({ calls = [] }: ServerReply, id: number): object[] {
  return calls.map((call, index) => ({ index, id: `call_${id}_${index}`, type: "function", function: call }));
}

let replies = 0;

function sendReply(response: ServerResponse, reply: ServerReply): void {
  const calls = toolCalls(reply, ++replies);
  const message = {
    role: "assistant",
    content: reply.text ?? null,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  const choices = [{ index: 0, message, finish_reason: finishOf(reply) }];
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ id: "r", object: "chat.completion", model: "scripted", choices, usage }));
}

/** A bare text goes on until `max_tokens`, a word being a token. */
function continueText(response: ServerResponse, asked: ChatRequest, { text = "" }: ServerReply): void {
  const all = text.match(/\s*\S+/g) ?? [];
  const words = all.slice(0, asked.max_tokens);
  const finish = words.length < all.length ? "length" : "stop";
  const part = (said: string, reason: string | null): object => ({
    id: "r",
    object: "text_completion",
    model: "scripted",
    choices: [{ index: 0, text: said, finish_reason: reason }],
  });
  if (asked.stream !== true) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ ...part(words.join(""), finish), usage }));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const word of words) response.write(`data: ${JSON.stringify(part(word, null))}\n\n`);
  response.write(`data: ${JSON.stringify(part("", finish))}\n\n`);
  response.end("data: [DONE]\n\n");
}

/** Server-sent events as the API sends them: text word by word, arguments of a call in two halves. */
function streamReply(response: ServerResponse, asked: ChatRequest, reply: ServerReply): void {
  const { calls = [], text = "", breaks } = reply;
  const id = ++replies;
  const send = (delta: object, finish: string | null = null): void => {
    const choices = [{ index: 0, delta, finish_reason: finish }];
    const chunk = { id: "r", object: "chat.completion.chunk", model: "scripted", choices };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  response.writeHead(200, { "content-type": "text/event-stream" });
  send({ role: "assistant", content: "" });
  for (const [word] of text.matchAll(/\s*\S+/g)) send({ content: word });
  if (breaks === true) {
    setTimeout(() => response.destroy(), 20);
    return;
  }
  for (const [index, { name, arguments: args }] of calls.entries()) {
    const half = Math.ceil(args.length / 2);
    const first = { name, arguments: args.slice(0, half) };
    send({ tool_calls: [{ index, id: `call_${id}_${index}`, type: "function", function: first }] });
    send({ tool_calls: [{ index, function: { arguments: args.slice(half) } }] });
  }
  send({}, finishOf(reply));
  if (asked.stream_options?.include_usage === true) {
    response.write(`data: ${JSON.stringify({ id: "r", choices: [], usage })}\n\n`);
  }
  response.end("data: [DONE]\n\n");
}

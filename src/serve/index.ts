/** The house opened to others: a language model over HTTP. */

export { isLoopback, type RunningServer } from "./http.ts";
export { type ServeOptions, serveCompletions } from "./serve.ts";

/** The house opened to others: a language model over HTTP. */

export type { RunningServer } from "./http.ts";
export { type ServeOptions, serveCompletions } from "./serve.ts";

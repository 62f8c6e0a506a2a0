/** A question answered: augmented, generated, retrieved tools called where allowed, sources cited. */

import type { ChatMessage, LanguageModel } from "../../llm/index.ts";
import { RetrieveError } from "../../std/index.ts";
import { wantedKinds } from "../enrich.ts";
import type { Answered, AskOptions } from "../index-types.ts";
import { type Asked, questionOf } from "../search.ts";
import type { Session } from "../session.ts";
import { openMcpServers } from "../tools/index.ts";
import { citedIn } from "./citations.ts";
import { type Context, openContext } from "./context.ts";
import { countPrompt } from "./prompt-within.ts";
import { chatFrame, type Room, roomFor, roundsOf } from "./room.ts";
import { createRuler, type Ruler } from "./ruler.ts";
import { generateStep, type Step } from "./step.ts";
import { createToolCaller, type ToolCaller } from "./tool-calls.ts";

/** See `Index.ask`. */
export async function ask(session: Session, asked: Asked, options: AskOptions): Promise<Answered> {
  questionOf(asked);
  const { llm, onNotice, signal, allow = [], onToolCall } = options;
  signal?.throwIfAborted();
  const wanted = wantedKinds(session, options);
  const kinds = roundsOf(options) === 0 ? wanted.filter((kind) => kind !== "tools") : wanted;
  const room = roomFor(options, kinds.includes("tools"));
  const ruler = createRuler(llm, onNotice);
  await using context = await openContext(session, asked, { ...options, kinds }, room, ruler);
  await using own = options.servers === undefined ? openMcpServers() : undefined;
  const servers = options.servers ?? own;
  const caller = createToolCaller({
    session,
    offered: context.offered,
    ruler,
    resultTokens: room.result,
    call: { ...options, allow, ...(servers === undefined ? {} : { servers }) },
    onToolCall,
  });
  const answer = await converse({ llm, options, room, ruler, context, caller });
  return {
    answer,
    citations: citedIn(answer, context.citations()),
    items: context.items(),
    toolCalls: caller.reports,
  };
}

/** What one answer works with. */
interface Work {
  readonly llm: LanguageModel;
  readonly options: AskOptions;
  readonly room: Room;
  readonly ruler: Ruler;
  readonly context: Context;
  readonly caller: ToolCaller;
}

/** What of the answer there is. */
interface Draft {
  /** All of it, as the user sees it. */
  answer: string;
  /** What was written since the last call of a tool. */
  segment: string;
  /** Whether the next text goes on from the segment in a generation of its own. */
  isResumed: boolean;
  /** Calls of tools and their results. */
  readonly exchange: ChatMessage[];
  rounds: number;
  canCall: boolean;
}

/** Generates until the model is done, runs out of room, or has called tools often enough. */
async function converse(work: Work): Promise<string> {
  const { options, room, ruler, context, caller } = work;
  const draft: Draft = {
    answer: "",
    segment: "",
    isResumed: false,
    exchange: [],
    rounds: 0,
    canCall: context.offered.length > 0,
  };
  let part = context.part();
  for (;;) {
    const recent = draft.segment === "" ? "" : await part.recent(draft.segment, room.recent);
    const messages = [...context.messages, ...draft.exchange, ...continuing(recent)];
    const left = room.answer - (await ruler.count(draft.answer));
    const step = await takeStep(work, draft, messages, left);
    if (step === undefined) return draft.answer;
    if (step.calls.length > 0 && draft.canCall) {
      await answerCalls(work, draft, step);
      part = context.part();
      continue;
    }
    caller.refuse(step.calls);
    if (step.reason !== "length" || step.text === "") return draft.answer;
    if (options.every === undefined || left <= room.step) {
      tellCut(work);
      return draft.answer;
    }
    await context.refresh(draft.answer);
  }
}

function tellCut({ options, room }: Work): void {
  const window = room.window === undefined ? "" : `, in a window of ${room.window}`;
  options.onNotice?.(`the answer was cut: its limit is ${room.answer} tokens${window}; raise answerTokens`);
}

/** How a chat goes on writing what it has begun: templates want the user to speak last. */
function continuing(recent: string): readonly ChatMessage[] {
  if (recent === "") return [];
  return [
    { role: "assistant", content: recent },
    { role: "user", content: "Go on with your answer exactly where it stopped. Repeat nothing of it." },
  ];
}

/** One generation; undefined where the window or the answer has no room for another. */
async function takeStep(
  work: Work,
  draft: Draft,
  messages: readonly ChatMessage[],
  left: number,
): Promise<Step | undefined> {
  const { llm, options, room, ruler, context } = work;
  const tools = draft.canCall ? context.offered.map(({ schema }) => schema) : [];
  const inWindow =
    room.window === undefined
      ? room.step
      : room.window - chatFrame - (await countPrompt(ruler, messages, tools));
  const maxTokens = Math.min(room.step, left, inWindow);
  if (maxTokens < 1) {
    options.onNotice?.(
      `the answer ends here: ${left < 1 ? "answerTokens are" : "the model's window is"} used up`,
    );
    return undefined;
  }
  const { temperature, seed, signal, every } = options;
  const before = draft.answer;
  draft.isResumed = draft.segment !== "";
  try {
    return await generateStep(
      llm,
      { messages },
      {
        maxTokens,
        ...(temperature === undefined ? {} : { temperature }),
        ...(seed === undefined ? {} : { seed }),
        ...(signal === undefined ? {} : { signal }),
        ...(tools.length === 0 ? {} : { tools }),
        sentence: every === "sentence",
        wholeWords: every !== undefined,
        onText: (text) => writeText(draft, text, options.onText),
      },
    );
  } catch (error) {
    const refusesTools = RetrieveError.isInstance(error) && error.code === "unsupported" && tools.length > 0;
    if (!refusesTools || draft.answer !== before) throw error;
    options.onNotice?.(`${llm.name} cannot call tools (${error.message}); it answers without them`);
    draft.canCall = false;
    return await takeStep(work, draft, messages, left);
  }
}

/** What comes after a call of a tool is a paragraph of its own; what goes on from a space does not begin with one. */
function writeText(draft: Draft, text: string, onText: AskOptions["onText"]): void {
  const gap = draft.segment === "" && draft.answer !== "" ? "\n\n" : "";
  const added = draft.isResumed && /\s$/.test(draft.segment) ? text.replace(/^ +/, "") : text;
  draft.isResumed = false;
  draft.segment += added;
  draft.answer += gap + added;
  if (gap + added !== "") onText?.(gap + added);
}

/** Tokens of a result with what stands around it; a round that has fewer is not answered. */
const leastResult = 96;

async function answerCalls(work: Work, draft: Draft, { calls }: Step): Promise<void> {
  const { options, room, ruler, context, caller } = work;
  const asking: ChatMessage = { role: "assistant", content: draft.segment, toolCalls: calls };
  const schemas = context.offered.map(({ schema }) => schema);
  const used = await countPrompt(ruler, [...context.messages, ...draft.exchange, asking], schemas);
  const free =
    room.window === undefined ? Number.POSITIVE_INFINITY : room.window - room.step - chatFrame - used;
  if (free < calls.length * leastResult) {
    // Without the calls in the prompt, the model answers with what it has.
    caller.refuse(calls);
    draft.canCall = false;
    draft.segment = "";
    options.onNotice?.("the window has no room for more results of tools; the answer comes without them");
    return;
  }
  draft.rounds++;
  const isLast = draft.rounds >= roundsOf(options);
  const first = caller.reports.length;
  // Half of what is left, so that later rounds have room as well.
  const share = Math.max(calls.length * leastResult, Math.floor(free / (isLast ? 1 : 2)));
  draft.exchange.push(asking, ...(await caller.answer(calls, share, isLast)));
  draft.segment = "";
  const goesInCircles = caller.reports.slice(first).every(({ outcome }) => outcome === "repeated");
  if (isLast)
    options.onNotice?.(`tools were called in ${draft.rounds} rounds; the answer comes without more`);
  else if (goesInCircles) options.onNotice?.("the model repeats its calls; the answer comes without more");
  if (isLast || goesInCircles) draft.canCall = false;
}

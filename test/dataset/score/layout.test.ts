/** Prompt layouts: those of the paper letter by letter, and own ones. */

import { describe, expect, it } from "vitest";
import { parseLayout } from "#src/dataset/index.js";
import { taskLayout } from "#src/dataset/score/layout.js";

const fields = { key: "K", query: "Q", context: "C" };

describe("the paper's layouts", () => {
  // LLM-Embedder, run_lm_score: prompt, and what is scored after it.
  it.each([
    ["qa", "Knowledge: K\n\nQuestion: Q\n\nAnswer:", " A", "Question: Q\n\nAnswer:"],
    ["convsearch", "Knowledge: K\n\nQuestion: Q\n\nAnswer:", " A", "Question: Q\n\nAnswer:"],
    ["icl", "K\nQ\n", "A", "Q\n"],
    ["chat", "K\nSpeaker 1: Q\nSpeaker 2:", " A", "Speaker 1: Q\nSpeaker 2:"],
    ["lrlm", "KCQ", "A", "CQ"],
  ])("%s", (task, prompt, continuation, without) => {
    const layout = taskLayout(task);
    expect(layout?.prompt(fields)).toBe(prompt);
    expect(layout?.continuation("A")).toBe(continuation);
    expect(layout?.promptWithoutKey(fields)).toBe(without);
  });

  it("are none for tools and for what is no task", () => {
    expect(taskLayout("tool")).toBeUndefined();
    expect(taskLayout("toString")).toBeUndefined();
  });
});

describe("a template", () => {
  it("is text with placeholders, wherever they stand", () => {
    const layout = parseLayout("[{context}] {query} | {key} =>   {answer}");
    expect(layout.prompt(fields)).toBe("[C] Q | K =>");
    expect(layout.continuation("A")).toBe("   A");
    // The line has other placeholders, so only the candidate goes.
    expect(layout.promptWithoutKey(fields)).toBe("[C] Q |  =>");
  });

  it("loses the candidate's own line, wherever it stands", () => {
    const layout = parseLayout("Read this.\nText: {key}!\n\nAsked: {query}\n{answer}");
    expect(layout.promptWithoutKey(fields)).toBe("Read this.\nAsked: Q\n");
  });

  it("never interprets braces of the data, and dollar signs neither", () => {
    const layout = parseLayout("{key}|{query}|{answer}");
    const data = { key: "{query}{answer}$&", query: "{key} {{x}} $1", context: "" };
    expect(layout.prompt(data)).toBe("{query}{answer}$&|{key} {{x}} $1|");
    expect(layout.continuation("{key}")).toBe("{key}");
  });

  it("may have braces that are no placeholders", () => {
    expect(parseLayout('{"text": "{key}", {}} {answer}').prompt(fields)).toBe('{"text": "K", {}}');
  });

  it.each([
    ["{key} {querry} {answer}", "there is no {querry}", "did you mean {query}?"],
    ["{key} {zzzzzzzz} {answer}", "there is no {zzzzzzzz}", "{key}, {query}, {answer}, {context}"],
    ["{answer} {key}", 'has " {key}" after {answer}', "the answer last"],
    ["{key} {answer}.", 'has "." after {answer}', "the answer last"],
    ["{query} {answer}", "has {key} 0 times", "once"],
    ["{key} {key} {answer}", "has {key} 2 times", "once"],
    ["{key} {query}", "has {answer} 0 times", "once"],
    ["", "has {key} 0 times", "once"],
  ])("%j is refused", (template, got, wanted) => {
    expect(() => parseLayout(template)).toThrow(
      expect.objectContaining({ code: "invalid_argument", message: expect.stringContaining(got) }),
    );
    expect(() => parseLayout(template)).toThrow(wanted);
  });
});

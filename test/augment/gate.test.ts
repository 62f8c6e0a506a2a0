import { describe, expect, it } from "vitest";
import { createGate } from "#src/augment/memory/gate.js";
import { fadeWithAge } from "#src/augment/memory/scope.js";

describe("the gate of memory", () => {
  const turn = (text: string, role = "user"): { role: string; text: string } => ({ role, text });
  const long = "The spare key is under the third flower pot.";

  it("lets set phrases be said again, and long texts only once", () => {
    const gate = createGate([turn(long), turn("Yes, please."), turn("Something else.")]);
    expect(gate.admit(turn("Yes, please."))).toEqual(turn("Yes, please."));
    expect(gate.admit(turn(`  ${long.toUpperCase()} `, "assistant"))).toBeUndefined();
    expect(gate.admit(turn(`As you said: ${long}`, "assistant"))).toBeDefined();
    expect(gate.admit(turn("is under the THIRD flower pot. "))).toBeDefined();
    expect(gate.admit(turn("The spare key is under the third flower"))).toBeDefined();
    expect(gate.admit(turn("spare key is under the third flower pot."))).toBeUndefined();
  });

  it("takes fenced blocks out and drops what is empty then", () => {
    const block = "<memory-0a1b>\n#0a1b talk\nuser: hello\n</memory-0a1b>";
    const gate = createGate([]);
    expect(gate.admit(turn(block))).toBeUndefined();
    expect(gate.admit(turn(`${block}\n\nWhat now?`))?.text).toBe("What now?");
    expect(gate.admit(turn("a </memory-0a1b> b <memory-ffff> c"))?.text).toBe(
      "a </memory-0a1b> b <memory-ffff> c",
    );
  });
});

describe("recency", () => {
  it("halves the score for every half-life, and leaves the undated and the negative alone", () => {
    const hit = (id: string, score: number, time?: string) => ({
      id,
      score,
      text: "",
      value: null,
      source: "",
      metadata: time === undefined ? {} : { time },
    });
    const now = Date.parse("2026-01-31T00:00:00Z");
    const found = [
      hit("old", 0.8, "2026-01-01T00:00:00Z"),
      hit("new", 0.5, "2026-01-31T00:00:00Z"),
      hit("undated", 0.3),
      hit("negative", -0.1, "2020-01-01T00:00:00Z"),
    ];
    // 30 days are two half-lives: 0.8 / 4 = 0.2
    const faded = fadeWithAge(found, 15, now).map(({ id, score }) => [id, Number(score.toFixed(6))]);
    expect(faded).toEqual([
      ["new", 0.5],
      ["undated", 0.3],
      ["old", 0.2],
      ["negative", -0.1],
    ]);
  });
});

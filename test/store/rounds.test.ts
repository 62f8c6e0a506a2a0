import { expect, it } from "vitest";
import { createRounds } from "#src/store/rounds.js";

it("answers what is asked at once together, each question with its own answer", async () => {
  const rounds: (readonly number[])[] = [];
  const { ask } = createRounds((questions: readonly number[]) => {
    rounds.push(questions);
    return questions.map((question) => question * question);
  });
  expect(await Promise.all([ask(2), ask(3), ask(4)])).toEqual([4, 9, 16]);
  expect(await ask(5)).toBe(25);
  expect(rounds).toEqual([[2, 3, 4], [5]]);
});

it("answers open questions from the state in which they were asked", async () => {
  let state = "before";
  const { ask, settle } = createRounds((questions: readonly string[]) =>
    questions.map((question) => `${question} ${state}`),
  );
  const first = ask("asked");
  settle();
  state = "after";
  const second = ask("asked");
  expect(await Promise.all([first, second])).toEqual(["asked before", "asked after"]);
});

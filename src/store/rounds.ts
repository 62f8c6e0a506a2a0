/** Questions that are asked at the same time, answered together. Knows neither questions nor answers. */

export interface Rounds<Question, Answer> {
  /** The answer comes a turn later, so that whoever asks meanwhile is answered with it. */
  ask(question: Question): Promise<Answer>;
  /** Answers what is open at once: called before anything changes that the answers depend on. */
  settle(): void;
}

/** `answer` gives one answer for each question, in their order, and cannot fail. */
export function createRounds<Question, Answer>(
  answer: (questions: readonly Question[]) => readonly Answer[],
): Rounds<Question, Answer> {
  let open: Round<Question, Answer> | undefined;
  const settle = (): void => {
    if (open === undefined) return;
    open.answers = answer(open.questions);
    open = undefined;
  };
  return {
    async ask(question) {
      open ??= { questions: [], answers: [] };
      const round = open;
      const place = round.questions.push(question) - 1;
      await undefined;
      if (round === open) settle();
      return round.answers[place] as Answer;
    },
    settle,
  };
}

interface Round<Question, Answer> {
  readonly questions: Question[];
  answers: readonly Answer[];
}

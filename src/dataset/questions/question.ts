/** Questions that are answered, whatever file they come from. */

/** A question with choices, one of them right. */
export interface ChoiceQuestion {
  readonly id: string;
  readonly subject: string;
  readonly question: string;
  readonly choices: readonly string[];
  /** Place of the right choice. */
  readonly answer: number;
}

/** A question with the texts that answer it. One without answers is kept, for the caller to leave out and count. */
export interface AnsweredQuestion {
  readonly id: string;
  readonly question: string;
  readonly answers: readonly string[];
  /** What is asked of the subject, where questions are made from relations. */
  readonly relation?: string;
  /** Gain of each passage that answers it, by its id in the corpus beside it, where the data says. */
  readonly gold?: ReadonlyMap<string, number>;
}

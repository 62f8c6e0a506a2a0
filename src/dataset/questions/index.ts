/** What benchmarks with language models are read from. */

export { answerPatterns } from "../answer-pattern.ts";
export {
  type BundleDocument,
  type BundleLine,
  bundleText,
  readBundleCorpus,
  readBundleLines,
  textsField,
} from "../bundle.ts";
export { readMscRows } from "../convert/msc.ts";
export { fileIn, isFile, readItems } from "../convert/place.ts";
export { textField } from "../fields.ts";
export { type QreccQuestion, readQrecc, readQreccPassages } from "../qrecc.ts";
export { spread } from "../spread.ts";
export { readToolbench } from "../toolbench.ts";
export { mmluCategories, readMmlu } from "./mmlu.ts";
export { readNq } from "./nq.ts";
export { readPopqa } from "./popqa.ts";
export type { AnsweredQuestion, ChoiceQuestion } from "./question.ts";

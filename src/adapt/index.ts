/** An encoder adapted to somebody's own material: convert, mine, score, train, evaluate, decide. */

export { adapt } from "./adapt.ts";
export type { AdaptConfig, AdaptSettings, AdaptSource, TrainingSettings } from "./config.ts";
export {
  type ComparedMetrics,
  type Decision,
  decide,
  type Measured,
  type Rule,
  ruleInWords,
  type Verdict,
} from "./decide.ts";
export type { AdaptHooks, StageName } from "./hooks.ts";
export type { AdaptReport } from "./report.ts";

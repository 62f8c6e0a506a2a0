/** Which memories a search sees, and how much they weigh with age. */

import type { Retrieved } from "../../retrieve/index.ts";
import type { Filter } from "../../store/index.ts";
import type { MemoryScope } from "../index-types.ts";
import { isoTime } from "./turn.ts";

/** The scope as conditions on metadata, to be met together. */
export function scopeConditions({ conversation, user, since, until }: MemoryScope): Filter[] {
  return [
    ...(conversation === undefined ? [] : [equals("conversation", conversation)]),
    ...(user === undefined ? [] : [equals("user", user)]),
    ...(since === undefined ? [] : [{ field: "time", op: ">=", value: isoTime(since, "since") } as const]),
    ...(until === undefined ? [] : [{ field: "time", op: "<", value: isoTime(until, "until") } as const]),
  ];
}

/**
 * Scores halved for every `halfLifeDays` of age at `now` (milliseconds since 1970), best first again. What has no
 * time, or one to come, keeps its score; so does a score below zero, which halving would raise.
 */
export function fadeWithAge(found: readonly Retrieved[], halfLifeDays: number, now: number): Retrieved[] {
  return found
    .map((hit) => ({
      ...hit,
      score: hit.score > 0 ? hit.score * weightOf(hit, halfLifeDays, now) : hit.score,
    }))
    .toSorted((left, right) => right.score - left.score);
}

function weightOf({ metadata }: Retrieved, halfLifeDays: number, now: number): number {
  const time = metadata["time"];
  if (typeof time !== "string") return 1;
  const days = Math.max(0, now - Date.parse(time)) / 86_400_000;
  return 0.5 ** (days / halfLifeDays);
}

function equals(field: string, value: string): Filter {
  return { field, op: "=", value };
}

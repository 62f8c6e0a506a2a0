/** Conversations as they happen: turns appended to what is stored, a record for each turn. */

import type { SourceRecord } from "../../retrieve/index.ts";
import type { Turn } from "../index-types.ts";
import type { ReadContext } from "../kinds/kind.ts";
import { createGate } from "./gate.ts";
import { parseTurn } from "./turn.ts";
import { documentRecord, followingTurns, readUnit, turnDocuments, type Unit } from "./unit.ts";

/** What appending turns writes. */
export interface Appended {
  /** The last stored turns as they are with others behind them, then the new turns. */
  readonly records: readonly SourceRecord[];
  /** How many of the given turns are new. */
  readonly admitted: number;
}

/**
 * The records that change when `turns` are said in a conversation. See {@link createGate} for what is not
 * stored again.
 */
export async function appendTurns(
  conversation: string,
  turns: readonly Turn[],
  context: ReadContext,
): Promise<Appended> {
  const given = turns.map((turn, index) => parseTurn(turn, `turn ${index + 1}`));
  const units = await storedUnits(conversation, context);
  const gate = createGate(
    units.flatMap((unit) => unit.turns),
    context.recalled,
  );
  const admitted = given.flatMap((turn) => gate.admit(turn) ?? []);
  if (admitted.length === 0) return { records: [], admitted: 0 };

  const open = units.filter(({ live }) => live).slice(-followingTurns);
  const start = open[0]?.start ?? endOf(units.at(-1));
  const documents = turnDocuments(
    {
      conversation,
      user: given.find((turn) => turn.user !== undefined)?.user ?? units.at(-1)?.user,
      of: conversation,
      turns: [...open.flatMap((unit) => unit.turns), ...admitted],
      start,
    },
    (index) => ({ id: `${conversation}/${start + index}`, source: conversation }),
  );
  const records = documents.map((document) => documentRecord(document, "remember"));
  return { records, admitted: admitted.length };
}

interface StoredUnit extends Unit {
  /** Whether it was appended as it happened; what came from a file is not touched. */
  readonly live: boolean;
  readonly user?: string;
}

/** The units that live turns follow on, in order. */
async function storedUnits(conversation: string, context: ReadContext): Promise<StoredUnit[]> {
  const units: StoredUnit[] = [];
  for await (const { id, value, metadata } of context.stored({
    field: "conversation",
    op: "=",
    value: conversation,
  })) {
    const unit = readUnit(value, id);
    const user = metadata["user"];
    units.push({
      ...unit,
      live: unit.of === conversation && id === `${conversation}/${unit.start}`,
      ...(typeof user === "string" ? { user } : {}),
    });
  }
  return units.toSorted((left, right) => Number(left.live) - Number(right.live) || left.start - right.start);
}

function endOf(unit: StoredUnit | undefined): number {
  return unit === undefined ? 0 : unit.start + unit.turns.length;
}

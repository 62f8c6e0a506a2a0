/**
 * BM25 over an inverted index in memory: documents come and go, and the whole goes to a file and back.
 *
 * A packed part holds the postings of most documents in typed arrays; those added since wait in small lists and are
 * packed with the rest when they have become a quarter of it. A removed document keeps its postings, skipped by
 * every search, until the next packing. Knows texts and ids, nothing of stores and records.
 */

import { createBoundedHeap } from "../std/index.ts";
import { analyse } from "./analyse.ts";

export interface Bm25Options {
  /** How soon repeats of a term stop counting. Default 0.9. */
  readonly k1?: number;
  /** How much long documents are held back: 0 not at all, 1 in full proportion. Default 0.4. */
  readonly b?: number;
  /** A text to its terms. Default {@link analyse}; another one finds nothing in an index that was made with it. */
  readonly terms?: (text: string) => string[];
}

export interface WeightedText {
  readonly text: string;
  readonly weight: number;
}

export interface ScoredId {
  readonly id: string;
  readonly score: number;
}

/** The scores of all documents for one query; the index must not change while it is in use. */
export interface Bm25Scores {
  /** The best `count` documents that share a term with the query, ties by id ascending. */
  top(count: number, accept?: (id: string) => boolean): ScoredId[];
  /** 0 for a document that shares no term with the query or is not there. */
  of(id: string): number;
  /**
   * Above the score of any document: what one would have that had every term of the query, without end. Terms that
   * are nowhere in the index count with the highest idf, so `score / ceiling` says how much of the query was found.
   */
  readonly ceiling: number;
}

/** The postings of every live document: `documents[offsets[t]..offsets[t + 1]]` have term t, `counts` times each. */
export interface Bm25Snapshot {
  readonly ids: readonly string[];
  /** Terms in each document. */
  readonly lengths: Uint32Array;
  readonly terms: readonly string[];
  /** One more than terms. */
  readonly offsets: Uint32Array;
  readonly documents: Uint32Array;
  readonly counts: Uint16Array;
}

export interface Bm25Index {
  readonly size: number;
  has(id: string): boolean;
  /** Adds a document, or replaces the one of this id. */
  add(id: string, text: string): void;
  /** Whether it was there. */
  remove(id: string): boolean;
  score(query: readonly WeightedText[]): Bm25Scores;
  snapshot(): Bm25Snapshot;
}

const maxCount = 0xffff;
const minPending = 1 << 16;

/** An index of nothing, or of what a snapshot holds. */
export function createBm25(options: Bm25Options = {}, snapshot: Bm25Snapshot = nothing): Bm25Index {
  const { terms = analyse } = options;
  let state = unpack(snapshot);

  const pack = (): void => {
    state = unpack(packLive(state));
  };

  return {
    get size() {
      return state.slots.size;
    },
    has: (id) => state.slots.has(id),
    add: (id, text) => {
      removeDocument(state, id);
      addDocument(state, id, terms(text));
      if (state.pendingSize > Math.max(minPending, state.packed.documents.length / 4)) pack();
    },
    remove: (id) => removeDocument(state, id),
    score: (query) => scoreAll(state, query, options),
    snapshot: () => {
      const { ids, slots, packed } = state;
      if (ids.length > packed.ids.length || slots.size < ids.length) pack();
      return state.packed;
    },
  };
}

interface State {
  readonly packed: Bm25Snapshot;
  /** Term ids: the packed terms first, then those of pending postings. */
  readonly terms: Map<string, number>;
  /** A document's slot is its place in the next three; removed ones keep theirs until the next packing. */
  readonly ids: string[];
  readonly lengths: number[];
  readonly alive: boolean[];
  /** Slots of the live documents. */
  readonly slots: Map<string, number>;
  /** Terms in all live documents. */
  totalLength: number;
  /** By term id: slot, count, slot, count, … */
  readonly pending: (number[] | undefined)[];
  pendingSize: number;
}

function unpack(packed: Bm25Snapshot): State {
  return {
    packed,
    terms: numbered(packed.terms),
    ids: [...packed.ids],
    lengths: [...packed.lengths],
    alive: packed.ids.map(() => true),
    slots: numbered(packed.ids),
    totalLength: packed.lengths.reduce((sum, length) => sum + length, 0),
    pending: [],
    pendingSize: 0,
  };
}

function removeDocument(state: State, id: string): boolean {
  const slot = state.slots.get(id);
  if (slot === undefined) return false;
  state.slots.delete(id);
  state.alive[slot] = false;
  state.totalLength -= state.lengths[slot] ?? 0;
  return true;
}

function addDocument(state: State, id: string, terms: readonly string[]): void {
  const slot = state.ids.push(id) - 1;
  state.slots.set(id, slot);
  state.lengths.push(terms.length);
  state.alive.push(true);
  state.totalLength += terms.length;
  for (const [term, count] of tally(terms)) {
    const termId = state.terms.get(term) ?? state.terms.size;
    state.terms.set(term, termId);
    const postings = state.pending[termId] ?? [];
    postings.push(slot, Math.min(count, maxCount));
    state.pending[termId] = postings;
    state.pendingSize++;
  }
}

function scoreAll(state: State, query: readonly WeightedText[], options: Bm25Options): Bm25Scores {
  const scores = new Float64Array(state.ids.length);
  let ceiling = 0;
  for (const [term, weight] of queryTerms(query, options.terms ?? analyse)) {
    const postings = postingsOf(state, state.terms.get(term) ?? -1);
    // idf = ln(1 + (N - df + 0.5) / (df + 0.5)), positive for every term (as in Lucene)
    const idf = Math.log(1 + (state.slots.size - postings.frequency + 0.5) / (postings.frequency + 0.5));
    ceiling += weight * idf;
    addTerm(state, postings, weight * idf, options, scores);
  }
  return {
    ceiling,
    top: (count, accept = () => true) => topOf(state, scores, count, accept),
    of: (id) => scores[state.slots.get(id) ?? -1] ?? 0,
  };
}

interface Postings {
  /** The packed ones stand between these places. */
  readonly first: number;
  readonly last: number;
  /** Slot, count, slot, count, … */
  readonly waiting: readonly number[];
  /** How many live documents have the term. */
  readonly frequency: number;
}

function postingsOf({ packed, pending, alive, ids, slots }: State, termId: number): Postings {
  const first = packed.offsets[termId] ?? 0;
  const last = packed.offsets[termId + 1] ?? first;
  const waiting = pending[termId] ?? [];
  let frequency = last - first + waiting.length / 2;
  if (slots.size < ids.length) {
    for (let at = first; at < last; at++) frequency -= Number(!alive[packed.documents[at] as number]);
    for (let at = 0; at < waiting.length; at += 2) frequency -= Number(!alive[waiting[at] as number]);
  }
  return { first, last, waiting, frequency };
}

/** Adds a term's part of the score to every document that has it, dead ones too: they are left out at the end. */
function addTerm(
  state: State,
  postings: Postings,
  weight: number,
  options: Bm25Options,
  scores: Float64Array,
): void {
  const { packed, lengths } = state;
  const { first, last, waiting } = postings;
  const { k1 = 0.9, b = 0.4 } = options;
  const fixed = k1 * (1 - b);
  const byLength = (k1 * b * state.slots.size) / state.totalLength;
  // weight · tf / (tf + k1 · (1 - b + b · length / average length))
  const count = (slot: number, tf: number): void => {
    scores[slot] =
      (scores[slot] as number) + (weight * tf) / (tf + fixed + byLength * (lengths[slot] as number));
  };
  for (let at = first; at < last; at++) count(packed.documents[at] as number, packed.counts[at] as number);
  for (let at = 0; at < waiting.length; at += 2) count(waiting[at] as number, waiting[at + 1] as number);
}

function topOf(
  state: State,
  scores: Float64Array,
  count: number,
  accept: (id: string) => boolean,
): ScoredId[] {
  const best = createBoundedHeap<ScoredId>(count, byScore);
  let worst = 0;
  for (let slot = 0; slot < scores.length; slot++) {
    const score = scores[slot] as number;
    if (score <= 0 || score < worst || !state.alive[slot]) continue;
    const id = state.ids[slot] as string;
    if (!accept(id)) continue;
    best.push({ id, score });
    worst = best.worst()?.score ?? 0;
  }
  return best.sorted();
}

/** Higher scores first, equal ones by id. */
export function byScore(left: ScoredId, right: ScoredId): number {
  if (left.score !== right.score) return right.score - left.score;
  return left.id < right.id ? -1 : Number(left.id > right.id);
}

const nothing: Bm25Snapshot = {
  ids: [],
  lengths: new Uint32Array(0),
  terms: [],
  offsets: new Uint32Array(1),
  documents: new Uint32Array(0),
  counts: new Uint16Array(0),
};

function numbered(names: readonly string[]): Map<string, number> {
  return new Map(names.map((name, index) => [name, index]));
}

function tally(terms: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/** Each term with the sum of the weights of the texts it is in: a repeat within one text adds nothing. */
function queryTerms(query: readonly WeightedText[], terms: (text: string) => string[]): Map<string, number> {
  const weights = new Map<string, number>();
  for (const { text, weight } of query) {
    for (const term of new Set(terms(text))) weights.set(term, (weights.get(term) ?? 0) + weight);
  }
  return weights;
}

/** Everything live in typed arrays, documents and terms renumbered without gaps. */
function packLive({ packed, pending, alive, ids, lengths, terms }: State): Bm25Snapshot {
  const kept = ids.flatMap((_, slot) => (alive[slot] ? [slot] : []));
  const renumbered = new Uint32Array(ids.length);
  kept.forEach((slot, number) => {
    renumbered[slot] = number;
  });
  const waiting = pending.reduce((sum, list = []) => sum + list.length / 2, 0);
  const documents = new Uint32Array(packed.documents.length + waiting);
  const counts = new Uint16Array(documents.length);
  const keptTerms: string[] = [];
  const offsets: number[] = [0];
  let end = 0;
  const put = (slot: number, count: number): void => {
    if (!alive[slot]) return;
    documents[end] = renumbered[slot] as number;
    counts[end++] = count;
  };
  for (const [term, termId] of terms) {
    const start = end;
    const last = packed.offsets[termId + 1] ?? 0;
    for (let at = packed.offsets[termId] ?? 0; at < last; at++) {
      put(packed.documents[at] as number, packed.counts[at] as number);
    }
    const list = pending[termId] ?? [];
    for (let at = 0; at < list.length; at += 2) put(list[at] as number, list[at + 1] as number);
    if (end === start) continue;
    keptTerms.push(term);
    offsets.push(end);
  }
  return {
    ids: kept.map((slot) => ids[slot] as string),
    lengths: Uint32Array.from(kept, (slot) => lengths[slot] as number),
    terms: keptTerms,
    offsets: Uint32Array.from(offsets),
    documents: documents.slice(0, end),
    counts: counts.slice(0, end),
  };
}

/** Many points as few, honestly: means, with the extremes that they hide. Pure. */

/** A place on the paper: x, y. */
export type Point = readonly [x: number, y: number];

/** One point that stands for one or more: their mean x and y, and the least and greatest y among them. */
export interface Bucket {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
}

/**
 * `points` as they are, in order of x, where there are at most `most`; otherwise the range of x in `most` parts of
 * equal width and a bucket for each that has points. All numbers must be finite.
 */
export function thin(points: readonly Point[], most: number): Bucket[] {
  const ordered = [...points].sort(([left], [right]) => left - right);
  const first = ordered[0]?.[0] ?? 0;
  const range = (ordered.at(-1)?.[0] ?? 0) - first;
  if (ordered.length <= most || range === 0) return ordered.map((point) => bucketOf([point]));
  const partOf = ([x]: Point): number => Math.min(most - 1, Math.floor(((x - first) / range) * most));
  const parts = new Map<number, Point[]>();
  for (const point of ordered) {
    const part = partOf(point);
    const held = parts.get(part);
    if (held === undefined) parts.set(part, [point]);
    else held.push(point);
  }
  return [...parts.values()].map(bucketOf);
}

function bucketOf(points: readonly Point[]): Bucket {
  let [sumX, sumY, low, high] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [x, y] of points) {
    sumX += x;
    sumY += y;
    low = Math.min(low, y);
    high = Math.max(high, y);
  }
  return { x: sumX / points.length, y: sumY / points.length, low, high };
}

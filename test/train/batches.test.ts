import { describe, expect, it } from "vitest";
import { type BatchItem, type BatchMethod, batches } from "#src/train/batches/index.js";

type Options = Parameters<typeof batches>[0];

const sizes = [10, 23, 8];
const batchSize = 4;
const perEpoch = 2 + 5 + 2; // full batches of each data set
const methods: BatchMethod[] = ["epoch", "epoch-static", "epoch-random", "random", "off"];
const homogeneous = methods.filter((method) => method !== "off");

function take(count: number, options: Partial<Options> & { method: BatchMethod }): (readonly BatchItem[])[] {
  const drawn: (readonly BatchItem[])[] = [];
  for (const batch of batches({ sizes, batchSize, seed: 1, ...options })) {
    if (drawn.push(batch) === count) break;
  }
  return drawn;
}

const rowOf = ({ dataset, row }: BatchItem): string => `${dataset}:${row}`;
const datasetOf = (batch: readonly BatchItem[]): number => batch[0]!.dataset;
/** The rows of each batch, whatever their order and that of the batches. */
const cutOf = (drawn: readonly (readonly BatchItem[])[]): string[] =>
  drawn.map((batch) => batch.map(rowOf).sort().join(" ")).sort();
const countOf = (drawn: readonly (readonly BatchItem[])[]): number[] =>
  sizes.map((_, dataset) => drawn.filter((batch) => datasetOf(batch) === dataset).length);

describe.each(methods)("%s", (method) => {
  it("gives full batches of rows that are there, none twice in a batch", () => {
    for (const batch of take(200, { method })) {
      expect(batch.length).toBe(batchSize);
      expect(new Set(batch.map(rowOf)).size).toBe(batchSize);
      for (const { dataset, row } of batch) {
        expect(Number.isInteger(row) && row >= 0 && row < sizes[dataset]!).toBe(true);
      }
    }
  });

  it("is decided by the seed", () => {
    const first = take(100, { method, seed: 7 });
    expect(take(100, { method, seed: 7 })).toEqual(first);
    expect(take(100, { method, seed: 8 })).not.toEqual(first);
    expect(take(100, { method, seed: 7 + 2 ** 20 })).not.toEqual(first);
  });

  it("shuffles a data set that is listed twice in two ways", () => {
    const drawn = take(50, { method, sizes: [40, 40], batchSize: 8 }).flat();
    const [once, again] = [0, 1].map((copy) => drawn.filter(({ dataset }) => dataset === copy));
    const common = Math.min(once!.length, again!.length);
    expect(common).toBeGreaterThan(40);
    expect(once!.slice(0, common).map(({ row }) => row)).not.toEqual(
      again!.slice(0, common).map(({ row }) => row),
    );
  });
});

describe.each(homogeneous)("%s", (method) => {
  it("has rows of one data set and epoch in a batch, of every data set in time", () => {
    const drawn = take(200, { method });
    for (const batch of drawn) {
      expect(new Set(batch.map(({ dataset, epoch }) => `${dataset} ${epoch}`)).size).toBe(1);
    }
    expect(countOf(drawn).every((count) => count > 0)).toBe(true);
  });

  it("refuses a data set that is smaller than a batch", () => {
    expect(() => batches({ sizes: [10, 3], batchSize, method, seed: 1 })).toThrow(
      expect.objectContaining({
        code: "invalid_argument",
        message: expect.stringMatching(/data set 1 .* has 3 rows, less than a batch of 4/),
      }),
    );
  });
});

describe.each(["epoch", "epoch-static", "epoch-random"] as const)("%s", (method) => {
  it("sees each row at most once an epoch, and as many as fill batches", () => {
    const drawn = take(3 * perEpoch, { method });
    for (const epoch of [0, 1, 2]) {
      const part = drawn.slice(epoch * perEpoch, (epoch + 1) * perEpoch);
      expect(part.flat().every((item) => item.epoch === epoch)).toBe(true);
      expect(new Set(part.flat().map(rowOf)).size).toBe(perEpoch * batchSize);
      expect(countOf(part)).toEqual([2, 5, 2]);
    }
  });

  it("begins each epoch in another order", () => {
    const drawn = take(2 * perEpoch, { method });
    const rows = (part: typeof drawn): string[] => part.flat().map(rowOf);
    expect(rows(drawn.slice(perEpoch))).not.toEqual(rows(drawn.slice(0, perEpoch)));
  });
});

it("cuts anew each epoch with `epoch`, once and for all with `epoch-static`", () => {
  const cuts = (method: BatchMethod): string[][] => {
    const drawn = take(3 * perEpoch, { method });
    return [0, 1, 2].map((epoch) => cutOf(drawn.slice(epoch * perEpoch, (epoch + 1) * perEpoch)));
  };
  const [first, second, third] = cuts("epoch-static");
  expect(second).toEqual(first);
  expect(third).toEqual(first);
  const [cut, again] = cuts("epoch");
  expect(again).not.toEqual(cut);
});

it("leaves other rows out each epoch with `epoch`", () => {
  const drawn = take(40 * perEpoch, { method: "epoch" });
  expect(new Set(drawn.flat().map(rowOf)).size).toBe(sizes[0]! + sizes[1]! + sizes[2]!);
});

it("mixes the batches of all data sets within an `epoch`", () => {
  // Which data set comes first: 2, 5 and 2 of 9 batches. Four standard errors of 2,000 draws: 4 sqrt(p (1 - p) / 2000).
  const firsts = Array.from({ length: 2000 }, (_, seed) => take(1, { method: "epoch", seed }));
  for (const [dataset, share] of [2 / 9, 5 / 9, 2 / 9].entries()) {
    const got = firsts.filter(([batch]) => datasetOf(batch!) === dataset).length / firsts.length;
    expect(Math.abs(got - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / 2000));
  }
});

it("draws by what is left with `epoch-random`", () => {
  const seeds = Array.from({ length: 4000 }, (_, seed) => take(2, { method: "epoch-random", seed }));
  const near = (got: number, share: number, of: number): void =>
    expect(Math.abs(got / of - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / of));
  near(seeds.filter(([first]) => datasetOf(first!) === 1).length, 23 / 41, 4000);
  // After a batch of data set 1, 19 of its rows are left, 37 in all.
  const then = seeds.filter(([first]) => datasetOf(first!) === 1);
  near(then.filter(([, second]) => datasetOf(second!) === 1).length, 19 / 37, then.length);
});

describe("random", () => {
  const drawn = take(10_000, { method: "random" });

  it("draws data sets by size and rows evenly", () => {
    for (const [dataset, size] of sizes.entries()) {
      const share = size / 41;
      const got = countOf(drawn)[dataset]! / drawn.length;
      expect(Math.abs(got - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / drawn.length));
      const items = drawn.flat().filter((item) => item.dataset === dataset);
      for (let row = 0; row < size; row++) {
        const times = items.filter((item) => item.row === row).length;
        // Each batch of the data set has the row with probability 4 / size.
        const [trials, chance] = [items.length / batchSize, batchSize / size];
        expect(Math.abs(times - trials * chance)).toBeLessThan(
          5 * Math.sqrt(trials * chance * (1 - chance)) + 1,
        );
      }
    }
  });

  it("begins a data set anew after as many rows as it has", () => {
    const items = drawn.flat().filter(({ dataset }) => dataset === 2); // 8 rows: 2 batches an epoch
    expect(items.slice(0, 32).map(({ epoch }) => epoch)).toEqual(
      Array.from({ length: 32 }, (_, at) => Math.floor(at / 8)),
    );
  });
});

describe("off", () => {
  it("sees each row of all data sets at most once an epoch, mixed in a batch", () => {
    const epochs = take(20, { method: "off" }); // 41 rows: 10 batches an epoch
    for (const epoch of [0, 1]) {
      const items = epochs.slice(epoch * 10, (epoch + 1) * 10).flat();
      expect(items.every((item) => item.epoch === epoch)).toBe(true);
      expect(new Set(items.map(rowOf)).size).toBe(40);
    }
    expect(epochs.some((batch) => new Set(batch.map(({ dataset }) => dataset)).size > 1)).toBe(true);
  });

  it("takes data sets smaller than a batch, as long as there is one batch", () => {
    const [batch] = take(1, { method: "off", sizes: [1, 2, 1], batchSize: 4 });
    expect(batch!.map(rowOf).sort()).toEqual(["0:0", "1:0", "1:1", "2:0"]);
    expect(() => batches({ sizes: [1, 2], batchSize, method: "off", seed: 1 })).toThrow(
      /3 rows in all; from 4/,
    );
  });
});

it("holds ten million rows", () => {
  const [batch] = take(1, { method: "epoch", sizes: [10_000_000], batchSize: 512 });
  expect(new Set(batch!.map(rowOf)).size).toBe(512);
});

it.each<[string, Partial<Options>]>([
  ["no data set", { sizes: [] }],
  ["an empty data set", { sizes: [5, 0] }],
  ["half a row", { sizes: [5.5] }],
  ["no batch size", { batchSize: 0 }],
  ["half a seed", { seed: 0.5 }],
])("refuses %s", (_, fault) => {
  expect(() => batches({ sizes, batchSize, method: "epoch", seed: 1, ...fault })).toThrow(
    expect.objectContaining({ code: "invalid_argument" }),
  );
});

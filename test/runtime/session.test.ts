import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { createGraph, input, mul, parameter } from "#src/graph/index.js";
import { emitModel } from "#src/onnx/index.js";
import { listDevices, openSession, openSessionPool, type Session } from "#src/runtime/index.js";
import { createTensor, type Tensor } from "#src/tensor/index.js";

const x = input("x", "float32", ["N"]);
const twice = emitModel(
  createGraph({ inputs: [x], outputs: { y: mul(x, parameter("two", "float32", [1])) } }),
  new Map([["two", createTensor("float32", [1], Float32Array.of(2))]]),
);
const vector = (...values: number[]): Tensor =>
  createTensor("float32", [values.length], Float32Array.from(values));

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const faces: readonly (readonly [string, (model: Uint8Array | string) => Promise<Session>])[] = [
  ["session", (model) => openSession(model, { threads: 1 })],
  ["pool", (model) => openSessionPool(model, { workers: 2 })],
];

describe.each(faces)("%s", (_, open) => {
  it("names its inputs and outputs and runs", async () => {
    const session = await open(twice);
    expect([session.inputs, session.outputs]).toEqual([["x"], ["y"]]);
    const results = await Promise.all([1, 2, 3, 4, 5].map((value) => session.run({ x: vector(value, 10) })));
    expect(results.map(({ y }) => Array.from(y?.data as Float32Array))).toEqual([
      [2, 20],
      [4, 20],
      [6, 20],
      [8, 20],
      [10, 20],
    ]);
    expect(results[0]?.["y"]).toMatchObject({ dtype: "float32", shape: [2] });
    await session.close();
  });

  it("takes views and shared memory, and leaves the feeds as they are", async () => {
    const session = await open(twice);
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([3, 4]);
    const view = Float32Array.of(9, 5, 6, 9).subarray(1, 3);
    for (const data of [shared, view]) {
      const { y } = await session.run({ x: createTensor("float32", [2], data) });
      expect(Array.from(y?.data as Float32Array)).toEqual([data[0]! * 2, data[1]! * 2]);
      expect(data.length).toBe(2);
    }
    await session.close();
  });

  it("lets go of results that nobody holds", async () => {
    const session = await open(twice);
    const seen: WeakRef<object>[] = [];
    for (let run = 0; run < 8; run++) {
      const { y } = await session.run({ x: vector(run) });
      seen.push(new WeakRef(y?.data as Float32Array));
    }
    await new Promise((resolve) => setImmediate(resolve)); // a WeakRef holds what was made in its own turn
    collectGarbage();
    expect(seen.filter((result) => result.deref() !== undefined).length).toBeLessThanOrEqual(1); // the last one
    await session.close();
  });

  it("refuses wrong feeds and goes on", async () => {
    const session = await open(twice);
    const matrix = createTensor("float32", [1, 1], Float32Array.of(1));
    const refused = expect.objectContaining({ code: "invalid_argument" });
    await expect(session.run({ x: matrix })).rejects.toEqual(refused);
    await expect(session.run({})).rejects.toEqual(refused);
    await expect(session.run({ x: null as unknown as Tensor })).rejects.toEqual(refused);
    await expect(session.run({ x: vector(4) })).resolves.toMatchObject({ y: { shape: [1] } });
    await session.close();
  });

  it("closes once its runs are done, and runs no more", async () => {
    const session = await open(twice);
    const running = session.run({ x: vector(4) });
    await Promise.all([session.close(), session.close()]);
    await expect(running).resolves.toBeDefined();
    await expect(session.run({ x: vector(4) })).rejects.toThrow("session: it is closed; open it again");
  });

  it("refuses bytes that are no model and files that are not there", async () => {
    await expect(open(new Uint8Array(9))).rejects.toMatchObject({ code: "invalid_data" });
    await expect(open("/nowhere/model.onnx")).rejects.toMatchObject({ code: "not_found" });
  });

  it("opens a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "session-"));
    await writeFile(join(folder, "model.onnx"), twice);
    const session = await open(join(folder, "model.onnx"));
    await expect(session.run({ x: vector(4) })).resolves.toMatchObject({ y: { shape: [1] } });
    await session.close();
    await rm(folder, { recursive: true });
  });
});

describe("a pool", () => {
  const workers: Worker[] = [];
  const collect = (worker: Worker): unknown => workers.push(worker);
  afterEach(() => {
    process.off("worker", collect);
    workers.length = 0;
  });

  it("has one worker or more", async () => {
    await expect(openSessionPool(twice, { workers: 0 })).rejects.toMatchObject({ code: "invalid_argument" });
    await using pool = await openSessionPool(twice, { workers: 3 });
    expect(pool.size).toBe(3);
  });

  it("rejects the run of a worker that dies; the others go on; without any left, every run fails", async () => {
    process.on("worker", collect);
    const pool = await openSessionPool(twice, { workers: 2 });
    expect(workers.length).toBe(2);
    // Ended before the run reaches it: inside a native call, ONNX Runtime would take the process down.
    const gone = workers[0]?.terminate();
    const runs = [1, 2, 3].map((value) => pool.run({ x: vector(value) }));
    const outcomes = await Promise.allSettled(runs);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    await expect(runs[0]).rejects.toMatchObject({ code: "internal" });
    await Promise.all([gone, workers[1]?.terminate()]);
    await expect(pool.run({ x: vector(4) })).rejects.toThrow("no worker is left");
    await pool.close();
  });

  it("rejects what waits when it closes", async () => {
    const pool = await openSessionPool(twice, { workers: 1 });
    const outcomes = Promise.allSettled([1, 2, 3].map((value) => pool.run({ x: vector(value) })));
    await pool.close();
    expect((await outcomes).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  });

  it("keeps the process alive while it runs, not while it is idle", async () => {
    const script = `
      import { openSessionPool } from "#src/runtime/index.js";
      import { createTensor } from "#src/tensor/index.js";
      const pool = await openSessionPool(Buffer.from("${Buffer.from(twice).toString("base64")}", "base64"), { workers: 2 });
      pool.run({ x: createTensor("float32", [1], Float32Array.of(21)) }).then(({ y }) => console.log(y.data[0]));`;
    const run = promisify(execFile);
    const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", script], {
      cwd: join(import.meta.dirname, "../.."),
      timeout: 50_000,
    });
    expect([stdout, stderr]).toEqual(["42\n", ""]);
  });
});

describe("devices", () => {
  it("lists cpu, which needs nothing installed", async () => {
    expect(await listDevices()).toContainEqual({ name: "cpu", bundled: true });
  });

  it("says what is there when a device is unknown or not made for the platform", async () => {
    const missing = process.platform === "win32" ? "coreml" : "dml";
    await expect(openSession(twice, { device: "abacus" })).rejects.toThrow(
      /^there is no device abacus; here are .*cpu/,
    );
    await expect(openSession(twice, { device: missing })).rejects.toThrow(
      new RegExp(`^device ${missing} is not made for this platform; here are .*cpu`),
    );
    await expect(openSessionPool(twice, { device: "abacus", workers: 1 })).rejects.toMatchObject({
      code: "unsupported",
    });
  });
});

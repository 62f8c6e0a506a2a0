import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildTransformer } from "#src/encoder/transformer.js";
import {
  add,
  createGraph,
  type Graph,
  input,
  mul,
  parameter,
  print,
  relu,
  reshape,
  scalar,
} from "#src/graph/index.js";
import { emitModel, parseModel, parseSignature } from "#src/onnx/index.js";
import { createTensor } from "#src/tensor/index.js";

const x = input("x", "float32", ["B", "T", 4]);
const scaled = mul(x, parameter("w", "float32", [4]));
const graph = createGraph({
  inputs: [x],
  outputs: { y: relu(add(reshape(scaled, ["B", "T", 2, 2]), scalar(0.1, x))) },
});
const weights = new Map([["w", createTensor("float32", [4], Float32Array.of(1, -2, 0.1, 1e-30))]]);
const bytes = emitModel(graph, weights);

const invalid = expect.objectContaining({ code: "invalid_data" });
const ours = expect.objectContaining({ name: "RetrieveError" });

describe("emitModel and parseModel", () => {
  it("gives the graph and the weights back", () => {
    const model = parseModel(bytes);
    expect(print(model.graph)).toBe(print(graph));
    expect(model.parameters).toEqual(weights);
  });

  it.each(["bert", "roberta"] as const)(
    "gives the graph of a whole %s back, int8 weights included",
    (architecture) => {
      const transformer = buildTransformer(
        {
          architecture,
          layers: 2,
          heads: 2,
          hidden: 8,
          intermediate: 16,
          vocabulary: 11,
          positions: 9,
          tokenTypes: 1,
          layerNormEpsilon: 1e-12,
          activation: "gelu",
          paddingId: 1,
        },
        {
          pooling: "mean",
          normalize: true,
          outputs: "both",
          int8: new Set(["encoder.layer.1.output.dense.weight"]),
        },
      );
      const zeros = transformer.parameters.map(({ name, dtype, shape }) => {
        const sizes = shape.map(Number);
        const count = sizes.reduce((product, size) => product * size, 1);
        const tensor =
          dtype === "int8"
            ? createTensor("int8", sizes, new Int8Array(count))
            : createTensor("float32", sizes, new Float32Array(count));
        return [name, tensor] as const;
      });
      const again = parseModel(emitModel(transformer, new Map(zeros))).graph;
      expect(print(again)).toBe(print(transformer));
    },
  );

  it("makes a parameter that is not given an input of the model", () => {
    const { inputs, outputs } = parseSignature(emitModel(graph, new Map()));
    expect(inputs).toEqual([
      { name: "x", dtype: "float32", shape: ["B", "T", 4] },
      { name: "w", dtype: "float32", shape: [4] },
    ]);
    expect(outputs).toEqual([{ name: "y", dtype: "float32", shape: ["B", "T", 2, 2] }]);
  });

  it("refuses weights of another type, and broken graphs", () => {
    const short = new Map([["w", createTensor("float32", [3], new Float32Array(3))]]);
    expect(() => emitModel(graph, short)).toThrow("onnx: the parameter w wants float32 [4], got float32 [3]");
    const broken: Graph = { ...graph, outputs: ["nowhere"] };
    expect(() => emitModel(broken, weights)).toThrow("graph: the output nowhere is computed by no node");
  });

  it("refuses a model above 2 GiB before it copies anything", () => {
    // Three views of one array: nothing of this size is allocated.
    const big = new Float32Array(2 ** 28);
    const tensor = createTensor("float32", [2 ** 28], big);
    const wide = input("x", "float32", [2 ** 28]);
    const names = ["a", "b", "c"];
    const y = names.reduce((sum, name) => add(sum, parameter(name, "float32", [2 ** 28])), wide);
    const model = createGraph({ inputs: [wide], outputs: { y } });
    expect(() => emitModel(model, new Map(names.map((name) => [name, tensor])))).toThrow(
      /^onnx: the model has 3\.00 GiB, ONNX holds 2 GiB/,
    );
  });
});

describe("malformed bytes", () => {
  it("refuses what is no model", () => {
    for (const bad of [new Uint8Array(), Uint8Array.of(0xff), new TextEncoder().encode("not a model")]) {
      expect(() => parseModel(bad)).toThrow(invalid);
    }
  });

  it("refuses every truncation", () => {
    for (let length = 0; length < bytes.length; length++) {
      // Cut where a field ends, what is left is a shorter message; without its operator sets it is still a graph.
      try {
        expect(print(parseModel(bytes.subarray(0, length)).graph)).toBe(print(graph));
      } catch (error) {
        expect(error).toEqual(ours);
      }
    }
  });

  it("answers any change of bytes with a model or an error of ours", () => {
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = Uint8Array.from(bytes);
        for (const [place, value] of changes) damaged[place] = value;
        try {
          parseModel(damaged);
        } catch (error) {
          expect(error).toEqual(ours);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("answers random bytes with an error of ours", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
        expect(() => parseModel(random)).toThrow(ours);
      }),
      { numRuns: 1000 },
    );
  });

  it("names an operator that is not in the table", () => {
    const text = Buffer.from(bytes).toString("latin1").replace("Relu", "Selu");
    expect(() => parseModel(Buffer.from(text, "latin1"))).toThrow("onnx: operator Selu is not in the table");
  });
});

import { expect, it } from "vitest";
import { formatNpyHeader } from "#src/tensor/index.js";

it("is the header that numpy.save writes for a float32 matrix", () => {
  // numpy 2: np.save(f, np.zeros((3, 384), "<f4")); f.getvalue()[:128]
  const text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 384), }".padEnd(117);
  const expected = Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]),
    Buffer.from(`${text}\n`),
  ]);
  expect(Buffer.from(formatNpyHeader(3, 384)).equals(expected)).toBe(true);
});

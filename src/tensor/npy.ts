/** NumPy's `.npy` file of one matrix (format 1.0, numpy/lib/format.py): what `encode --out` writes. */

/** The header of a float32 matrix in C order; the rows follow as little-endian bytes. */
export function formatNpyHeader(rows: number, columns: number): Uint8Array {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]; // \x93NUMPY, version 1.0
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  // The header ends with a newline and is padded so that the data begin at a multiple of 64 bytes.
  const length = Math.ceil((magic.length + 2 + text.length + 1) / 64) * 64 - magic.length - 2;
  const header = new Uint8Array(magic.length + 2 + length).fill(0x20);
  header.set(magic);
  new DataView(header.buffer).setUint16(magic.length, length, true);
  header.set(new TextEncoder().encode(text), magic.length + 2);
  header[header.length - 1] = 0x0a;
  return header;
}

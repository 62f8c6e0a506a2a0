/** The filter language: typed conditions over metadata, with one meaning in every store. */

/** A metadata value that filters can compare. */
export type Scalar = string | number | boolean;

export type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=";

/**
 * A condition over metadata. Two-valued: comparing an absent key, or values of different types, is false, and `not`
 * turns that false into true. Strings compare by code point.
 */
export type Filter =
  | { readonly field: string; readonly op: Comparison; readonly value: Scalar }
  | { readonly field: string; readonly in: readonly Scalar[] }
  | { readonly field: string; readonly exists: boolean }
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter };

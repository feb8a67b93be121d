import type { Real } from "./real.ts";

/**
 * A JSON value as fluxbus holds it.
 *
 * - An integer is a `number` while it is safe (within plus or minus 2^53 - 1) and a `bigint` beyond that, up to
 *   the 64 bits that Flux peers keep.
 * - A real is a `number` with a fraction, or a {@link Real} where a whole value has to stay a real (`2.0`).
 * - A member of an object that is `undefined` is left out of the text, as JSON.stringify does.
 */
export type JsonValue = null | boolean | number | bigint | string | Real | JsonArray | JsonObject;

/** A JSON array. */
export type JsonArray = readonly JsonValue[];

/** A JSON object. Members keep their order, except that JavaScript moves keys like `"7"` to the front. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** How deep a JSON text may nest, scalars included: jansson's JSON_PARSER_MAX_DEPTH. */
export const MAX_DEPTH = 2048;

/** Smallest and largest integer of a JSON text: jansson's json_int_t, 64 bits signed. */
export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

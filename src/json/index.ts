export type { JsonArray, JsonObject, JsonValue } from "./json-value.ts";
export { pack, packText } from "./pack.ts";
export type { CheckPackFormat, PackArgs } from "./pack-types.ts";
export { decodeJson, type ParseOptions, parseJson } from "./parse.ts";
export { type PlainJson, plain } from "./plain.ts";
export { Real, real } from "./real.ts";
export { encodeJson, type StringifyOptions, stringifyJson } from "./stringify.ts";
export { unpack, unpackText } from "./unpack.ts";
export type { CheckUnpackFormat, Unpacked, UnpackKeys } from "./unpack-types.ts";

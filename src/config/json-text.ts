import { FluxError } from "../base/index.ts";
import { type JsonValue, type ParseOptions, parseJson } from "../json/index.ts";
import type { Locate } from "./toml.ts";

/**
 * Reads JSON text, reals kept apart from integers.
 * @throws FluxError EINVAL with jansson's text, made by `locate` with the line, and for text with a NUL.
 */
export function parseJsonText(text: string, locate: Locate, options: ParseOptions = {}): JsonValue {
  let value: JsonValue;
  try {
    value = parseJson(text, { ...options, reals: "keep" });
  } catch (error) {
    if (!FluxError.is(error)) throw error;
    throw new FluxError("EINVAL", locate(lineOf(text, error.cause), error.message), { cause: error });
  }
  // What C programs read as text ends at a NUL: as in flux-core no configuration may hold one.
  if (text.includes("\\u0000") && holdsNul(value))
    throw new FluxError("EINVAL", locate(undefined, "\\u0000 is not allowed"));
  return value;
}

/** The line that the parser stopped in; it says how much of the text it had read. */
function lineOf(text: string, cause: unknown): number {
  const read = (cause as { read?: number } | undefined)?.read ?? 0;
  return text.slice(0, read).split("\n").length;
}

function holdsNul(root: JsonValue): boolean {
  // Values may nest deeper than calls should.
  const values: unknown[] = [root];
  for (let value = values.pop(); value !== undefined; value = values.pop()) {
    if (typeof value === "string" && value.includes("\0")) return true;
    if (typeof value === "object" && value !== null)
      for (const member of Object.values(value)) values.push(member);
  }
  return false;
}

import { FluxError } from "../base/index.ts";
import type { JsonObject, JsonValue } from "../json/index.ts";
import { parseJsonText } from "./json-text.ts";
import { setPath } from "./key-path.ts";
import { merge } from "./merge.ts";
import { parseConfigFile, readToml } from "./parse-path.ts";

/**
 * A copy of a configuration with one more value of flux-broker's option `--conf` over it: text of several lines is TOML, or JSON when it
 * begins with `{`, as text of one line may; `KEY=VALUE` sets the value at a dotted path, JSON if it is any, else text; anything else
 * names a file.
 *
 * @throws FluxError with the texts of flux_conf_update in flux-core; EINVAL, or the system's error for a file. Source: flux-broker(1).
 */
export async function updateConfig(config: JsonObject, value: string): Promise<JsonObject> {
  if (/^[ \t\r\n]*\{/.test(value) && (value.startsWith("{") || value.includes("\n")))
    return merge(config, parseJsonText(value, (_line, text) => `inline JSON: ${text}`) as JsonObject);
  if (value.includes("\n")) return merge(config, await parseInlineToml(value));
  const cut = value.indexOf("=");
  if (cut >= 0) return setKey(config, value.slice(0, cut), value.slice(cut + 1));
  return merge(config, await parseConfigFile(value));
}

function parseInlineToml(text: string): Promise<JsonObject> {
  return readToml(text, (line, reason) => (line === undefined ? reason : `line ${line}: ${reason}`));
}

function setKey(config: JsonObject, key: string, text: string): JsonObject {
  if (key === "") throw new FluxError("EINVAL", "value must have a key in KEY=VAL");
  try {
    return setPath(config, key, jsonOrText(text));
  } catch (error) {
    const { errno, message } = FluxError.from(error);
    throw new FluxError(errno, `setting ${key}: ${message}`);
  }
}

function jsonOrText(text: string): JsonValue {
  try {
    return parseJsonText(text, (_line, reason) => reason, { any: true });
  } catch {
    return text;
  }
}

/** Types of values that flux-config(1) knows. `fsd` is a text that is a duration; `fsd-integer` and `fsd-real` show its seconds. */
export const CONFIG_TYPES = [
  "any",
  "string",
  "integer",
  "real",
  "boolean",
  "object",
  "array",
  "fsd",
  "fsd-integer",
  "fsd-real",
] as const;

export type ConfigType = (typeof CONFIG_TYPES)[number];

/** The type of that name, in letters of any case; undefined for others. */
export function configType(name: string): ConfigType | undefined {
  return CONFIG_TYPES.find((type) => type === name.toLowerCase());
}

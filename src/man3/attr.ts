import type { Flux } from "../client/index.ts";
import { given, givenText } from "./arguments.ts";

/** The value of an attribute of the broker. Throws ENOENT for one that has none, EINVAL for NULL. Source: flux_attr_get(3). */
export async function flux_attr_get(h: Flux, name: string): Promise<string> {
  return given(h, "h").attributes.get(givenText(name, "name"));
}

/** Sets an attribute; NULL takes it away. Throws EPERM for one that may not be set, and for guests. Source: flux_attr_get(3). */
export async function flux_attr_set(h: Flux, name: string, val: string | null): Promise<void> {
  await flux_attr_set_ex(h, name, val, false);
}

/** As flux_attr_set; with `force` also where it may not be changed at run time. Source: flux_attr_get(3). */
export async function flux_attr_set_ex(
  h: Flux,
  name: string,
  val: string | null,
  force: boolean,
): Promise<void> {
  const { attributes } = given(h, "h");
  if (val === null) await attributes.remove(givenText(name, "name"));
  else await attributes.set(givenText(name, "name"), givenText(val, "val"), { force });
}

/** The rank of the broker. Source: flux_get_rank(3). */
export async function flux_get_rank(h: Flux): Promise<number> {
  return given(h, "h").rank();
}

/** The number of brokers in the instance. Source: flux_get_rank(3). */
export async function flux_get_size(h: Flux): Promise<number> {
  return given(h, "h").size();
}

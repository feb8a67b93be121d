import type { Methods } from "../../client/index.ts";
import { Role } from "../../message/index.ts";

/** A line of module.list. */
export interface ModuleInfo {
  readonly name: string;
  /** Where it was loaded from; `builtin` for the broker's own. */
  readonly path: string;
  /** Seconds since its last message. */
  readonly idle: number;
  /** RFC 5 state: 0 init, 1 running, 2 finalizing, 3 exited. */
  readonly status: number;
  readonly services: readonly string[];
  readonly sendqueue: number;
  readonly recvqueue: number;
}

/** `module`: what flux-module(1) calls. */
export function moduleMethods(list: () => readonly ModuleInfo[]): Methods {
  return { list: { allow: Role.USER, answer: () => ({ mods: list() }) } };
}

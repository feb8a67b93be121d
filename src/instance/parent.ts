import { FluxError } from "../base/index.ts";
import type { Environment } from "../connect/index.ts";

/** The instance that a new one is started in. */
export interface Parent {
  readonly uri: string;
  /** Its own level: 0 for the outermost. */
  readonly level: number;
}

/** Longest wait for a parent to answer, in milliseconds. */
export const PARENT_WAIT_MS = 2000;

/**
 * The instance FLUX_URI of `env` leads to; undefined without one. One that does not answer, because it ended and left its name behind, is
 * none: `unreachable` hears why.
 */
export async function findParent(
  env: Environment,
  unreachable: (text: string) => void,
): Promise<Parent | undefined> {
  const uri = env["FLUX_URI"];
  if (uri === undefined || uri === "") return undefined;
  const { connect } = await import("../connect/index.ts");
  const signal = AbortSignal.timeout(PARENT_WAIT_MS);
  try {
    await using flux = await connect(uri, { retries: 0, signal, env });
    const level = Number(await flux.attributes.get("instance-level", { signal }));
    return { uri: flux.uri, level: Number.isSafeInteger(level) ? level : 0 };
  } catch (error) {
    unreachable(`no parent instance at FLUX_URI=${uri}: ${FluxError.from(error).message}`);
    return undefined;
  }
}

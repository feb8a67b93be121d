import { FluxError } from "../base/index.ts";

/** Variables of the environment by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says about a handle. Source: flux-environment(7), handle.c and connector_local.c of flux-core. */
export interface HandleEnvironment {
  readonly uri: string | undefined;
  readonly userid: number | undefined;
  readonly rolemask: number | undefined;
  readonly trace: boolean;
  readonly retries: number | undefined;
  /** What `flux proxy` says about the host at its other end. */
  readonly proxyRemote: string | undefined;
}

/** Reads the variables of a handle. Throws EINVAL for one that is no number where one is wanted. */
export function readEnvironment(env: Environment): HandleEnvironment {
  return {
    uri: env["FLUX_URI"],
    userid: integer(env, "FLUX_HANDLE_USERID", /^\d+$/),
    rolemask: integer(env, "FLUX_HANDLE_ROLEMASK", /^(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/),
    trace: env["FLUX_HANDLE_TRACE"] !== undefined,
    retries: integer(env, "FLUX_LOCAL_CONNECTOR_RETRY_COUNT", /^-?\d+$/),
    proxyRemote: env["FLUX_PROXY_REMOTE"],
  };
}

function integer(env: Environment, name: string, form: RegExp): number | undefined {
  const text = env[name];
  if (text === undefined) return undefined;
  if (!form.test(text)) throw new FluxError("EINVAL", `${name}=${text} is no number`);
  // As strtoul(3) with base 0 reads it: a leading 0 is octal.
  return /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
}

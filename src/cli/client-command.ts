import type { Flux, FluxOptions } from "../client/index.ts";
import { type Command, command, Option } from "./commander.ts";
import { Failure } from "./failure.ts";
import { warn } from "./output.ts";

/** Options of all commands that talk to a broker. */
export interface ClientOptions {
  readonly uri?: string;
  readonly json?: true;
  readonly trustForeignUri?: true;
}

/** A command that talks to a broker: `--uri` and `--json` are there already. */
export function clientCommand(name: string, json = "errors on stderr as one JSON object"): Command {
  return command(name)
    .option(
      "--uri <URI>",
      "the broker to talk to, or '..' or '/' for an instance around it (default: $FLUX_URI)",
    )
    .addOption(trustOption())
    .option("--json", `print JSON: ${json}`);
}

/** The caller's word for a URI that another user names: see ConnectOptions. */
export function trustOption(): Option {
  return new Option(
    "--trust-foreign-uri",
    "let a process, job or broker of another user name an ssh:// URI that is followed: it chooses what ssh runs",
  );
}

/** Connects to the broker that the options name, and closes the handle behind `use`. */
export async function withFlux(
  options: ClientOptions,
  use: (flux: Flux) => Promise<void>,
  fluxOptions: FluxOptions = {},
): Promise<void> {
  const flux = await open(options, fluxOptions);
  try {
    await use(flux);
  } finally {
    await flux.close();
  }
}

async function open({ uri, trustForeignUri }: ClientOptions, fluxOptions: FluxOptions): Promise<Flux> {
  const [{ connect }, { FluxError }] = await Promise.all([
    import("../connect/index.ts"),
    import("../base/index.ts"),
  ]);
  try {
    return await connect(await resolved(uri, trustForeignUri), {
      trustForeignUri,
      onLog: (_level, text) => warn(`fluxbus: ${text}`),
      ...fluxOptions,
    });
  } catch (thrown) {
    const error = FluxError.from(thrown);
    const unset = uri === undefined && process.env["FLUX_URI"] === undefined ? " (FLUX_URI is not set)" : "";
    throw new Failure("connect", new FluxError(error.errno, `${error.message}${unset}`, { cause: error }));
  }
}

/** A URI as `connect` takes it: the resolver is loaded for what `connect` does not know. */
async function resolved(uri: string | undefined, trust: true | undefined): Promise<string | undefined> {
  if (uri === undefined || !/^(pid|jobid):/.test(uri)) return uri;
  const { resolveToFollow } = await import("../proxy/index.ts");
  return resolveToFollow(uri, { trustForeignUri: trust });
}

import type { CallOptions, Flux, Payload, Response } from "../../client/index.ts";
import { durationArgument, type Nodeid, nodeidArgument, nodeidOption } from "../arguments.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about, usageError } from "../failure.ts";
import { print, printBytes } from "../output.ts";

interface RpcOptions extends ClientOptions {
  readonly raw?: true;
  readonly stream?: true;
  readonly nodeid?: Nodeid;
  readonly upstream?: true;
  readonly timeout?: number;
  readonly noresponse?: true;
}

const HELP = `
The payload is a JSON object. '-' reads it from standard input, which is not touched otherwise.
A response that is no JSON is printed as text, with --json as a JSON string.`;

/** `fluxbus rpc TOPIC [JSON]`: any request. */
export function rpcCommand(): Command {
  return clientCommand("rpc", "also responses that are text")
    .description("send a request and print the response")
    .argument("<topic>", "service and method, as in broker.ping")
    .argument("[payload]", "payload of the request, a JSON object; '-' for standard input")
    .option("-r, --raw", "send the payload and print the response byte for byte")
    .option("-s, --stream", "ask for a stream of responses and print each until the last")
    .option("-n, --nodeid <RANK>", "broker to ask: a rank, 'any' or 'upstream'", nodeidArgument)
    .option("--upstream", "ask the parent of this broker: the same as --nodeid=upstream")
    .option("-t, --timeout <DURATION>", "wait so long for a response, as in 2s or 500ms", durationArgument)
    .option("--noresponse", "ask for no response, and wait for none")
    .addHelpText("after", HELP)
    .action(async (topic: string, payload: string | undefined, options: RpcOptions) => {
      if (options.stream && options.noresponse) {
        throw usageError("--stream and --noresponse exclude each other");
      }
      const bytes = payload === "-" ? await readInput() : payload;
      const body = bytes === undefined ? undefined : await encodeBody(bytes, options);
      await withFlux(options, (flux) => about(topic, request(flux, topic, body, options)));
    });
}

async function request(flux: Flux, topic: string, body: Payload, options: RpcOptions): Promise<void> {
  const show = await printer(options);
  const target: CallOptions = {
    ...nodeidOption(options.upstream ? "upstream" : options.nodeid),
    timeoutMs: Number.isFinite(options.timeout) ? options.timeout : undefined,
  };
  if (options.noresponse) await flux.call(topic, body, { ...target, noResponse: true });
  else if (options.stream) for await (const response of flux.callStream(topic, body, target)) show(response);
  else show(await flux.call(topic, body, target));
}

async function printer(options: RpcOptions): Promise<(response: Response) => void> {
  if (options.raw) return ({ payload }) => payload !== undefined && printBytes(payload);
  const [{ jsonOrText }, { stringifyJson }] = await Promise.all([
    import("../event-line.ts"),
    import("../../json/index.ts"),
  ]);
  return ({ text }) => {
    if (text === undefined) return;
    const value = jsonOrText(text);
    print(typeof value === "string" && !options.json ? value : stringifyJson(value, { any: true }));
  };
}

/** What is sent: raw bytes as they are, JSON as the text it was given in. */
async function encodeBody(given: string | Uint8Array, options: RpcOptions): Promise<Payload> {
  const [{ decodeUtf8, encodeUtf8, FluxError }, { parseJson }] = await Promise.all([
    import("../../base/index.ts"),
    import("../../json/index.ts"),
  ]);
  if (options.raw) return typeof given === "string" ? encodeUtf8(given) : given;
  const text = (typeof given === "string" ? given : decodeUtf8(given)).trim();
  try {
    if (Array.isArray(parseJson(text))) throw new FluxError("EPROTO", "it is an array");
  } catch (error) {
    if (!FluxError.is(error)) throw error;
    throw usageError(`payload is no JSON object: ${error.message}`);
  }
  return text;
}

async function readInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const { concatBytes } = await import("../../base/index.ts");
  return concatBytes(chunks);
}

import { errno, FluxError } from "../base/index.ts";
import { checkJsonSize } from "../client/index.ts";
import { stringifyJson, unpackText } from "../json/index.ts";
import { Message, Role, textPayload } from "../message/index.ts";
import { formatVersion, versionsFit } from "./version.ts";

export const HELLO = "overlay.hello";
export const GOODBYE = "overlay.goodbye";

/** What a broker tells its parent of itself, before anything else. */
export interface Hello {
  readonly rank: number;
  /** As `encodeVersion` makes it. */
  readonly version: number;
  /** The name of this run of the broker; its identity on the connection. */
  readonly uuid: string;
  /** Number of the status of its subtree. */
  readonly status: number;
  /** Absent from old brokers. */
  readonly hostname: string | undefined;
  /** True when it reads bundles: see bundle.ts. Brokers of flux-core say nothing of that. */
  readonly bundles: boolean;
}

/** The request that says hello. It is the owner's, without a matchtag. */
export function helloRequest(hello: Hello): Message {
  const { rank, version, uuid, status, hostname, bundles } = hello;
  const facts = {
    rank,
    version,
    uuid,
    status,
    ...(hostname !== undefined && { hostname }),
    ...(bundles && { bundles }),
  };
  return Message.request({
    topic: HELLO,
    payload: textPayload(stringifyJson(facts)),
    rolemask: Role.OWNER,
  });
}

/** The request that says goodbye. */
export function goodbyeRequest(): Message {
  return Message.request({ topic: GOODBYE, rolemask: Role.OWNER });
}

/** Most bytes, and most values, of a hello and of its answer: both are short. */
export const JSON_SIZE = { bytes: 65_536, values: 65_536 };

/** @throws FluxError EPROTO for a payload that is no hello, EMSGSIZE for one of more than 64 KiB. */
export function decodeHello(request: Message): Hello {
  checkJsonSize(request, JSON_SIZE);
  const [rank, version, uuid, status, hostname, bundles] = unpackText(
    request.text ?? "",
    "{s:I s:i s:s s:i s?s s?b}",
    "rank",
    "version",
    "uuid",
    "status",
    "hostname",
    "bundles",
  );
  return { rank: Number(rank), version, uuid, status, hostname, bundles: bundles ?? false };
}

/** As `decodeHello`; undefined for a payload that is no hello. */
export function readHello(request: Message): Hello | undefined {
  try {
    return decodeHello(request);
  } catch {
    return undefined;
  }
}

/** What a parent judges a hello by. */
export interface HelloView {
  readonly rank: number;
  readonly version: number;
  /** Identity of the connection it came over. */
  readonly peer: string;
  isChild(rank: number): boolean;
  /** True for the name of another broker that this one sends to. */
  isTaken(uuid: string): boolean;
  /** Name of the host of a rank, as the hostlist has it. */
  hostOf(rank: number): string;
}

/** Why a hello is refused: the error number, the text of the answer if there is one, and what the log says. */
export interface HelloRefusal {
  readonly errnum: number;
  readonly text: string | undefined;
  /** Who was refused, and why. */
  readonly host: string;
  readonly why: string;
  /** True when the refusal is what there is to say about the health of that child. */
  readonly isHealth: boolean;
}

/**
 * Judges a hello; undefined when it is welcome. A pure function. Source: hello_request_handler in flux-core.
 *
 * `rolemask` is that of the request: only the owner's brokers may join.
 */
export function refuseHello(hello: Hello, rolemask: number, view: HelloView): HelloRefusal | undefined {
  const { rank, hostname } = hello;
  const expected = view.hostOf(rank);
  const refuse = (code: keyof typeof errno, why: string, options: Partial<HelloRefusal> = {}) => ({
    errnum: errno[code],
    text: why,
    host: expected,
    why,
    isHealth: false,
    ...options,
  });
  if ((rolemask & Role.OWNER) === 0)
    return refuse("EPERM", new FluxError("EPERM").message, { text: undefined });
  if (hostname !== undefined && hostname !== expected) {
    const why = `${expected} is configured as rank ${rank}: mismatched config?`;
    return refuse("EINVAL", why, { text: undefined, host: hostname });
  }
  if (!view.isChild(rank))
    return refuse("EINVAL", `rank ${rank} is not a child of rank ${view.rank}: mismatched config?`);
  if (!versionsFit(hello.version, view.version)) {
    const versions = [formatVersion(hello.version), formatVersion(view.version)];
    const why = `client (${versions[0]}) version mismatched with server (${versions[1]})`;
    return refuse("EINVAL", why, { isHealth: true });
  }
  if (hello.uuid !== view.peer) return refuse("EPROTO", "uuid is not the identity of the connection");
  if (view.isTaken(hello.uuid)) return refuse("EPROTO", "uuid is that of another broker");
  return undefined;
}

/** What a parent tells of itself in its answer to a hello that is welcome. */
export type Welcome = Pick<Hello, "uuid" | "bundles">;

/** The text of that answer. */
export function helloAnswer({ uuid, bundles }: Welcome): string {
  return stringifyJson({ uuid, ...(bundles && { bundles }) });
}

/** @throws FluxError as the parent refused, or EPROTO or EMSGSIZE. */
export function decodeHelloResponse(response: Message): Welcome {
  if (response.errnum !== 0) throw new FluxError(response.errnum, textOf(response));
  checkJsonSize(response, JSON_SIZE);
  const [uuid, bundles] = unpackText(response.text ?? "", "{s:s s?b}", "uuid", "bundles");
  return { uuid, bundles: bundles ?? false };
}

/** The text of an error, as far as it is one. */
function textOf(response: Message): string | undefined {
  try {
    return response.text;
  } catch {
    return undefined;
  }
}

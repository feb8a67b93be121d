import { type CurveKeys, generateCurveKeys } from "./curve-keys.ts";
import type { TransportLog } from "./transport-log.ts";

/** How a broker's ZeroMQ sockets are set; the defaults are flux-core's, but for the bounds of what waits. */
export interface ZeroMqTransportOptions {
  /** Keys of a certificate; default a pair made for this transport. */
  readonly keys?: CurveKeys | undefined;
  /** Threads that carry bytes, attribute `tbon.zmq_io_threads`; default 1. */
  readonly ioThreads?: number | undefined;
  /** How long TCP waits for acknowledgement of what was sent, `tbon.tcp_user_timeout`; 0 leaves it to the system. Default 20000. */
  readonly tcpUserTimeoutMs?: number | undefined;
  /** How long one attempt to connect may take, `tbon.connect_timeout`; 0 leaves it to the system. Default 30000. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long a peer may take from its connection to the end of its handshake, `tbon.handshake-timeout`, then it is cut off; default 10000. */
  readonly handshakeTimeoutMs?: number | undefined;
  /**
   * Most peers amid their handshake, 1 or more, `tbon.handshakes`; at that many no more TCP connections are accepted for a while. Default
   * 256. Never more than an eighth of the descriptors that the process may have.
   */
  readonly handshakes?: number | undefined;
  /**
   * Messages of one child that ZeroMQ takes before the child has to wait, `tbon.child_rcvhwm`, 2 or more; default 1000. A child that sends
   * faster than it is read would fill the memory of its parent.
   */
  readonly childReceiveHighWater?: number | undefined;
  /** Messages for one peer that ZeroMQ takes before they wait here; default 1000. */
  readonly sendHighWater?: number | undefined;
  /** Most bytes that wait here for one peer; default 256 MiB. One message may be larger when no other waits. */
  readonly maxQueuedBytes?: number | undefined;
  /** Whether each event of a socket gets a line in the log, `tbon.zmqdebug`. Default false: refused peers only. */
  readonly traceSockets?: boolean | undefined;
  /** Takes lines for the log; default nobody. */
  readonly log?: TransportLog | undefined;
}

export type ZeroMqSettings = {
  readonly [K in keyof ZeroMqTransportOptions]-?: NonNullable<ZeroMqTransportOptions[K]>;
};

/** Defaults of `handshakes`, `handshakeTimeoutMs`, `childReceiveHighWater`, `sendHighWater` and `maxQueuedBytes`. */
export const HANDSHAKES = 256;
export const HANDSHAKE_TIMEOUT_MS = 10_000;
export const CHILD_RECEIVE_HIGH_WATER = 1000;
export const SEND_HIGH_WATER = 1000;
export const DEFAULT_MAX_QUEUED_BYTES = 256 * 1024 * 1024;
/** Time a closed socket gets to send what ZeroMQ holds for it. */
const LINGER_MS = 5;

/** All options with their defaults. */
export function zeroMqSettings(options: ZeroMqTransportOptions): ZeroMqSettings {
  return {
    keys: options.keys ?? generateCurveKeys(),
    ioThreads: options.ioThreads ?? 1,
    tcpUserTimeoutMs: options.tcpUserTimeoutMs ?? 20_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 30_000,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
    handshakes: options.handshakes ?? HANDSHAKES,
    childReceiveHighWater: options.childReceiveHighWater ?? CHILD_RECEIVE_HIGH_WATER,
    sendHighWater: options.sendHighWater ?? SEND_HIGH_WATER,
    maxQueuedBytes: options.maxQueuedBytes ?? DEFAULT_MAX_QUEUED_BYTES,
    traceSockets: options.traceSockets ?? false,
    log: options.log ?? (() => {}),
  };
}

/**
 * What both kinds of socket are set to.
 *
 * A send never waits inside the package (`sendTimeout` 0): for a socket to many peers it would wait for room for any of them, and for the
 * first peer when there is none. The bound on what ZeroMQ takes is what makes the queue before it the place where messages wait, and
 * are counted.
 */
export function socketOptions(settings: ZeroMqSettings, ipv6: boolean) {
  return {
    sendTimeout: 0,
    sendHighWaterMark: settings.sendHighWater,
    linger: LINGER_MS,
    ipv6,
    zapDomain: "flux",
    handshakeInterval: settings.handshakeTimeoutMs,
    curvePublicKey: settings.keys.publicKey,
    curveSecretKey: settings.keys.secretKey,
    ...(settings.tcpUserTimeoutMs > 0 && { tcpMaxRetransmitTimeout: settings.tcpUserTimeoutMs }),
  };
}

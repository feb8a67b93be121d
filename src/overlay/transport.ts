/**
 * Frames of one message as the overlay sends them: routes (most recent first), an empty frame, topic, payload, header; as
 * `encodeFrames` of `message/` makes them and `decodeFrames` reads them. Those of one peer's message don't hold that peer's own
 * identity, which `receive` gives besides. Frames that were given to `send` must not be written to afterwards.
 */
export type Frames = readonly Uint8Array[];

/** What a broker listens with for its children. */
export interface ListenOptions {
  /**
   * Where to listen: `ipc://PATH`, `ipc://@NAME`, `tcp://HOST:PORT` with `*` for a port that the system chooses, or
   * `inproc://NAME` for transports of one process. At least one.
   */
  readonly uris: readonly string[];
  /** Whether `tcp://` takes IPv6 too. An IPv4 endpoint then reads `tcp://[::ffff:1.2.3.4]:PORT`. Default false. */
  readonly ipv6?: boolean;
  /**
   * A message of a peer, named by its identity. Never called from within `listen` or `send`. May call `send` and `close`.
   * What it throws costs a line of the log.
   */
  receive(peer: string, frames: Frames): void;
  /**
   * This peer can't be reached: called once for each message that was sent to it and does not leave, and when its connection ends after it was
   * sent to, though nothing more is sent. Never from within `send`.
   */
  unreachable(peer: string): void;
}

/** What a broker connects to its parent with. */
export interface ConnectOptions {
  /** One of the endpoints of the parent. */
  readonly uri: string;
  /** The public key of the parent, in Z85 text of 40 characters. A parent with other keys is never reached. */
  readonly serverKey: string;
  /** The uuid of this broker: the name by which the parent's `receive` knows it. */
  readonly identity: string;
  /** Whether `tcp://` takes IPv6 too. Default false. */
  readonly ipv6?: boolean;
  /** A message of the parent, which is more than one empty frame. Never called from within `connect` or `send`. What it throws costs a line of the log. */
  receive(frames: Frames): void;
  /**
   * A connection that was good has ended, other than by `disconnect`: what was sent may not have arrived, and what the parent sent may not come. What
   * did come was received before. The link goes on trying to connect.
   */
  lost?(): void;
}

/** The listening side: one for all children. */
export interface ChildServer {
  /** The URIs to connect to, with ports as chosen, in the order of `uris`. */
  readonly endpoints: readonly string[];
  /**
   * Lets a peer in that holds the secret of this key. `name` is for log lines.
   * Messages of other peers never arrive; they get no answer, and one line in the log.
   */
  authorize(name: string, publicKey: string): void;
  /**
   * Sends a message to a peer; messages for one peer arrive in order. Never throws and never blocks.
   * What can't be sent (peer unknown or gone, too much queued) is reported by `unreachable`. After `close` it does nothing.
   */
  send(peer: string, frames: Frames): void;
  /**
   * Finds out whether a peer is still there: if not, `unreachable` is called. It is sent an empty frame, which brokers drop without a word. For peers
   * that have been silent for long: that a connection ended is found out without it.
   */
  probe(peer: string): void;
  readonly stats: TransportStats;
  /** Stops listening; what was sent is still given to the sockets first. */
  close(): Promise<void>;
}

/** The connection to the parent. */
export interface ParentLink {
  /**
   * Sends a message to the parent; messages arrive in order. While there is no connection they are kept, up to the
   * bound of the queue; what is beyond is dropped and counted. After `disconnect` it does nothing.
   */
  send(frames: Frames): void;
  readonly stats: TransportStats;
  /** Ends the connection at once for receiving; what was sent is still given to the socket first. Does nothing the second time. */
  disconnect(): void;
}

/** Counters of one socket since it was opened. */
export interface TransportStats {
  /** Messages handed to the socket. */
  readonly sent: number;
  readonly received: number;
  /** Bytes of the frames of these messages, without what the transport adds to them. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Messages that wait to be sent, and their bytes. */
  readonly queued: number;
  readonly queuedBytes: number;
  /** Messages that were not sent for want of room in the queue. */
  readonly dropped: number;
  /** Messages that were not sent for want of a peer. */
  readonly unreachable: number;
}

/**
 * The port between the overlay and what carries its messages: ZeroMQ between processes (`zeromq-transport.ts`), or the
 * process itself (`in-process-transport.ts`). Both pass one suite, test/unit/overlay/transport-compliance.
 * A transport serves one broker; several live in one process.
 */
export interface TreeTransport extends AsyncDisposable {
  /** The public key of this broker, in Z85 text of 40 characters. */
  readonly publicKey: string;
  /**
   * Listens for children; at most once.
   * @throws FluxError the system's error with the URI in its text, EINVAL for a URI of another kind, the second time, and after `close`.
   */
  listen(options: ListenOptions): Promise<ChildServer>;
  /**
   * Connects to the parent; at most once. It doesn't wait: a parent that isn't there yet is reached once it is.
   * @throws FluxError EINVAL for a URI of another kind or a key that is none, the second time, and after `close`.
   */
  connect(options: ConnectOptions): ParentLink;
  /** Closes the server and the link; resolves when nothing of them is left. Safe to call again. */
  close(): Promise<void>;
}

import { FluxError } from "../base/index.ts";
import { type Credential, type Message, Role, stampCredential } from "../message/index.ts";
import type { Connector, Receiver } from "./connector.ts";
import { connectorPair } from "./pair.ts";

/** `loop://`: whatever is sent comes back, stamped as the owner's. For tests of message handlers without a broker. */
export function loopConnector(owner: Credential = { userid: 0, rolemask: Role.OWNER }): Connector {
  const [near, far] = connectorPair("loop://");
  far.start({
    message(message) {
      stampCredential(message, owner);
      far.send?.(message);
    },
    closed() {},
  });
  return near;
}

/** A connector that only receives: `feed` brings it messages. Sending through it is ENOSYS. */
export function receiveOnlyConnector(): { connector: Connector; feed: (message: Message) => void } {
  const [near, far] = connectorPair("receive-only://");
  const connector: Connector = {
    uri: near.uri,
    queuedBytes: 0,
    start: (receiver: Receiver) => near.start(receiver),
    close: () => near.close(),
    ref() {},
    unref() {},
  };
  return {
    connector,
    feed(message) {
      if (far.send === undefined) throw new FluxError("ENOSYS");
      far.send(message);
    },
  };
}

export { type CurveKeys, generateCurveKeys } from "./curve-keys.ts";
export { InProcessNetwork } from "./in-process-network.ts";
export { InProcessTransport, type InProcessTransportOptions, type Traffic } from "./in-process-transport.ts";
export { Overlay } from "./overlay.ts";
export type {
  ChildState,
  OverlayClock,
  OverlayHost,
  OverlayOptions,
  OverlayStats,
  TorpidSettings,
} from "./overlay-options.ts";
export type { PendingAccount, PendingLimits } from "./pending-account.ts";
export type { SubtreeStatus } from "./subtree-status.ts";
export { Topology } from "./topology.ts";
export type { ParentScheme } from "./topology-schemes.ts";
export type {
  ChildServer,
  ConnectOptions,
  Frames,
  ListenOptions,
  ParentLink,
  TransportStats,
  TreeTransport,
} from "./transport.ts";
export { encodeVersion, formatVersion, parseVersion } from "./version.ts";
export { ZeroMqTransport } from "./zeromq-transport.ts";

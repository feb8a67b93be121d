export { pipeOf } from "./child-pipe.ts";
export { connectFd, type FdConnectorOptions } from "./fd-connector.ts";
export { findProgram } from "./find-program.ts";
export { FrameSocket, type FrameSocketOptions } from "./frame-socket.ts";
export { connectLocal, type LocalConnectorOptions, openLocal } from "./local-connector.ts";
export { ReadTurns, type ReadTurnsOptions, type TurnReader } from "./read-turns.ts";
export type { AdmittedStream } from "./socket-connector.ts";
export { checkSocketPath, SOCKET_PATH_MAX } from "./socket-path.ts";
export { connectSsh, openSsh, type SshConnectorOptions } from "./ssh-connector.ts";

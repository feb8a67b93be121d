export { FrameSocket, type FrameSocketOptions } from "./frame-socket.ts";
export { connectLocal, type LocalConnectorOptions, SOCKET_PATH_MAX } from "./local-connector.ts";

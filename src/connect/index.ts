export { type Connection, type ConnectOptions, connect, connectTo } from "./connect.ts";
export { type Environment, type HandleEnvironment, readEnvironment } from "./environment.ts";
export { followable, isForeign, type SourcedUri } from "./foreign-uri.ts";

export { type ConnectOptions, connect } from "./connect.ts";
export { type Environment, type HandleEnvironment, readEnvironment } from "./environment.ts";

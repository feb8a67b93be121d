export { type ProxyOptions, ProxyServer } from "./proxy-server.ts";
export { type RelayOptions, relay } from "./relay.ts";
export { type ResolveOptions, resolveUri } from "./resolve-uri.ts";

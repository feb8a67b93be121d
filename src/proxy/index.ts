export { type ProxyOptions, ProxyServer } from "./proxy-server.ts";
export { type RelayOptions, relay } from "./relay.ts";
export { type ResolveOptions, resolveToFollow, resolveUri } from "./resolve-uri.ts";

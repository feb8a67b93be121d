export { ConnectedInstance } from "./connected-instance.ts";
export { FluxCoreInstance, type FluxCoreOptions } from "./flux-core-instance.ts";
export { type TestConnectOptions, TestInstance, type TestInstanceOptions } from "./test-instance.ts";

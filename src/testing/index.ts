export { ConnectedInstance } from "./connected-instance.ts";
export { FluxCoreInstance, type FluxCoreOptions } from "./flux-core-instance.ts";
export { TestInstance, type TestInstanceOptions } from "./test-instance.ts";

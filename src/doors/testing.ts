/** `fluxbus/testing`: a Flux instance inside the test process, of one rank or many, or one of flux-core beside it, for any test runner. */
export {
  ConnectedInstance,
  FluxCoreInstance,
  type FluxCoreOptions,
  type TestConnectOptions,
  TestInstance,
  type TestInstanceOptions,
} from "../testing/index.ts";

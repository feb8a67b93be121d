/** `fluxbus/testing`: a Flux instance inside the test process, or one of flux-core beside it, for any test runner. */
export {
  ConnectedInstance,
  FluxCoreInstance,
  type FluxCoreOptions,
  TestInstance,
  type TestInstanceOptions,
} from "../testing/index.ts";

/** `fluxbus/testing`: a Flux instance inside the test process, for any test runner. */
export { TestInstance, type TestInstanceOptions } from "../testing/index.ts";

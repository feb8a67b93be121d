export { TestInstance, type TestInstanceOptions } from "./test-instance.ts";

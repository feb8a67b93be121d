export { DebugFlags } from "./debug-flags.ts";
export { debugMethod, defaultMethods, type ServiceFacts } from "./default-methods.ts";
export { clearCounters, MessageCounters, type TypeCounters } from "./message-counters.ts";

export { DebugFlags } from "./debug-flags.ts";
export { debugMethod, defaultMethods, type ServiceFacts } from "./default-methods.ts";
export { type ReplaySource, replayMethods } from "./event-replay.ts";
export { clearCounters, MessageCounters, type TypeCounters } from "./message-counters.ts";

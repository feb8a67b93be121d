export { type EventClock, EventLog, type EventLogOptions, type OlderEvents } from "./event-log.ts";
export { type EventLogSettings, type NamedSettings, readEventLogSettings } from "./event-log-settings.ts";
export { type ReplaySource, replayMethods } from "./replay-methods.ts";

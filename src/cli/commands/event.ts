import { type Command, command } from "../commander.ts";
import { eventLogCommand } from "./event-log.ts";
import { eventPubCommand } from "./event-pub.ts";
import { eventStatCommand } from "./event-stat.ts";
import { eventSubCommand } from "./event-sub.ts";

/** `fluxbus event`. Source: flux-event(1). */
export function eventCommand(): Command {
  return command("event")
    .description("publish events, subscribe to them, and read those that are kept")
    .addCommand(eventPubCommand())
    .addCommand(eventSubCommand())
    .addCommand(eventLogCommand())
    .addCommand(eventStatCommand());
}

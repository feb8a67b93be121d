import { type Command, command } from "../commander.ts";
import { eventPubCommand } from "./event-pub.ts";
import { eventSubCommand } from "./event-sub.ts";

/** `fluxbus event`. Source: flux-event(1). */
export function eventCommand(): Command {
  return command("event")
    .description("publish events and subscribe to them")
    .addCommand(eventPubCommand())
    .addCommand(eventSubCommand());
}

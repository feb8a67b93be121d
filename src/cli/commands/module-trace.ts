import { clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { checkTraceOptions, printTrace, type TraceOptions, withTraceOptions } from "../trace-options.ts";

interface ModuleTraceOptions extends TraceOptions {
  readonly topic: string;
}

/** `fluxbus module trace [OPTIONS] [MODULE...]`. Source: flux-module(1). */
export function moduleTraceCommand(): Command {
  return withTraceOptions(clientCommand("trace", "one object a message and line"))
    .description("print the messages that modules receive and send, until it is interrupted")
    .argument("[modules...]", "names (default: all modules)")
    .option("-T, --topic <GLOB>", "only messages with such a topic", "*")
    .action((names: string[], options: ModuleTraceOptions) => {
      checkTraceOptions(options);
      const request = { topic_glob: options.topic, names };
      return withFlux(options, (flux) => printTrace(flux, "module.trace", request, options, names));
    });
}

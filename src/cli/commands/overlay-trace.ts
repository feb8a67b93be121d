import { rankArgument } from "../arguments.ts";
import { clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { checkTraceOptions, printTrace, type TraceOptions, withTraceOptions } from "../trace-options.ts";

interface OverlayTraceOptions extends TraceOptions {
  readonly rank?: number;
}

/** Stands for every peer in a request. */
const ANY_PEER = -1;

/** `fluxbus overlay trace [OPTIONS] [TOPIC-GLOB]`. Source: flux-overlay(1). */
export function overlayTraceCommand(): Command {
  return withTraceOptions(clientCommand("trace", "one object a message and line"))
    .description("print the messages that go between a broker and its neighbours, until it is interrupted")
    .argument("[topic-glob]", "only messages with such a topic", "*")
    .option("-r, --rank <RANK>", "only messages to and from this neighbour", rankArgument)
    .action((topic_glob: string, options: OverlayTraceOptions) => {
      checkTraceOptions(options);
      const request = { topic_glob, nodeid: options.rank ?? ANY_PEER };
      return withFlux(options, (flux) => printTrace(flux, "overlay.trace", request, options));
    });
}

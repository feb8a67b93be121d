import { encodeCString, encodeUtf8, sameBytes } from "../../base/index.ts";
import type { Event, Flux, Subscription } from "../../client/index.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";
import { print, printJson } from "../output.ts";

interface EventPubOptions extends ClientOptions {
  readonly raw?: true;
  readonly synchronous?: true;
  readonly loopback?: true;
  readonly private?: true;
}

/** What is published. */
interface Outgoing {
  readonly topic: string;
  readonly payload: Uint8Array | undefined;
  readonly private: boolean;
}

/** `fluxbus event pub TOPIC [PAYLOAD...]`. Source: flux-event(1). */
export function eventPubCommand(): Command {
  return clientCommand("pub", '{"topic", "seq"}; implies --synchronous')
    .description("publish an event")
    .argument("<topic>", "topic of the event")
    .argument("[payload...]", "words of its payload, joined by spaces and sent as text")
    .option("-r, --raw", "send the payload without the NUL that ends a text")
    .option(
      "-s, --synchronous",
      "wait for the sequence number of the event and print it; fail if it was refused",
    )
    .option("-l, --loopback", "wait until the event has come back")
    .option("-p, --private", "only the instance owner and the sender get the event")
    .action((topic: string, words: string[], options: EventPubOptions) =>
      withFlux(options, async (flux) => {
        const text = words.join(" ");
        const encode = options.raw ? encodeUtf8 : encodeCString;
        const payload = words.length === 0 ? undefined : encode(text);
        const outgoing = { topic, payload, private: options.private === true };
        await using own = options.loopback ? flux.subscribe(topic, { allow: ALL_ROLES }) : undefined;
        if (own !== undefined) await about(topic, own.ready);
        const seq = await publish(flux, outgoing, options.synchronous === true || options.json === true);
        if (own !== undefined) await about(topic, returned(own, outgoing, seq));
        if (options.json) printJson({ topic, seq });
        else if (options.synchronous) print(`seq=${seq}`);
      }),
    );
}

/** A guest's own event carries a guest's roles. */
const ALL_ROLES = 0xffffffff;

/** Publishes, and resolves to the sequence number when it is to be waited for. */
async function publish(flux: Flux, event: Outgoing, confirmed: boolean): Promise<number | undefined> {
  const { topic, payload } = event;
  const options = { private: event.private };
  if (confirmed) return (await about(topic, flux.publishRaw(topic, payload, options))).seq;
  flux.sendEvent(flux.encodeEvent(topic, payload, options));
  return undefined;
}

/** Resolves when the event has come back: the one with its number, or without a number the first with its topic and payload. */
async function returned(own: Subscription, sent: Outgoing, seq: number | undefined): Promise<void> {
  for await (const event of own) if (seq === undefined ? isSame(event, sent) : event.seq === seq) return;
}

function isSame(event: Event, sent: Outgoing): boolean {
  const nothing = new Uint8Array(0);
  return event.topic === sent.topic && sameBytes(event.payload ?? nothing, sent.payload ?? nothing);
}

import type { JsonObject } from "../../json/index.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";
import { print, printJson } from "../output.ts";

interface ModuleListOptions extends ClientOptions {
  readonly long?: true;
}

/** RFC 5 states by number: init, running, finalizing, exited. */
const STATES = "IRFX";

/** Seconds beyond which a module is only called idle. */
const IDLE_MAX = 99;

/** `fluxbus module list`. Source: flux-module(1). */
export function moduleListCommand(): Command {
  return clientCommand("list", "one object a module and line")
    .description("list the modules of the broker")
    .option("-l, --long", "include where each module was loaded from")
    .action((options: ModuleListOptions) =>
      withFlux(options, async (flux) => {
        const { mods } = await about("module.list", flux.rpc<{ mods: JsonObject[] }>("module.list"));
        if (options.json) {
          for (const mod of mods) printJson(mod);
          return;
        }
        const long = options.long === true;
        print(row("Module", "Idle", "S", "Sendq", "Recvq", "Service", long ? "Path" : undefined));
        for (const mod of mods) print(moduleRow(mod, long));
      }),
    );
}

function moduleRow(mod: JsonObject, long: boolean): string {
  const name = String(mod["name"]);
  const idle = Number(mod["idle"]);
  const services = (mod["services"] as string[]).filter((service) => service !== name);
  return row(
    name,
    idle > IDLE_MAX ? "idle" : String(idle),
    STATES[Number(mod["status"])] ?? "?",
    String(mod["sendqueue"] ?? 0),
    String(mod["recvqueue"] ?? 0),
    services.join(","),
    long ? String(mod["path"]) : undefined,
  );
}

function row(
  name: string,
  idle: string,
  state: string,
  sendqueue: string,
  recvqueue: string,
  services: string,
  path: string | undefined,
): string {
  const start = `${name.padEnd(24)} ${idle.padStart(5)}  ${state} ${sendqueue.padStart(5)} ${recvqueue.padStart(5)}`;
  return path === undefined ? `${start} ${services}` : `${start} ${services.padEnd(8)} ${path}`;
}

import { FluxError } from "../base/index.ts";
import { Flux } from "../client/index.ts";
import type { Connector } from "../connector/index.ts";
import type { ModuleDefinition } from "./definition.ts";
import { ModuleRunner } from "./module-runner.ts";
import { receiveWelcome } from "./welcome.ts";

/**
 * Runs a module over the connection its broker made for it, from the welcome to the last report.
 * @returns why it failed; undefined when it ended well.
 * @throws FluxError when the broker hangs up or sends no welcome.
 */
export async function runModule(
  link: Connector,
  load: () => Promise<ModuleDefinition>,
): Promise<FluxError | undefined> {
  const { welcome, connector } = await receiveWelcome(link);
  const { name, uuid, args, attrs, conf } = welcome;
  const runner = new ModuleRunner({ name, uuid, args });
  const once = (): Promise<Connector> => Promise.reject(new FluxError("ECONNRESET"));
  const flux = new Flux(connector, once, runner.fluxOptions);
  flux.attributes.prime(attrs);
  const failure = await runner.run(flux, { rank: Number(attrs["rank"] ?? 0), config: conf }, load);
  await runner.finalize(flux, failure);
  return failure;
}

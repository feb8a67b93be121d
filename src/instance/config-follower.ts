import { FluxError } from "../base/index.ts";
import type { Flux, LogLevel } from "../client/index.ts";
import type { ConfigStore } from "../config/index.ts";
import type { JsonObject } from "../json/index.ts";

/**
 * Keeps the configuration of a broker that of its parent.
 * Resolves once it is the parent's for the first time, and goes on until the parent ends. Source: config.c in flux-core.
 * @throws FluxError when the parent can't be asked, or a part of this broker refuses what comes first.
 */
export async function followConfig(
  flux: Flux,
  store: ConfigStore,
  log: (level: LogLevel, text: string) => void,
): Promise<void> {
  const stream = flux.stream("config.get", undefined, { upstream: true });
  const first = await stream.next();
  if (first.done === true) throw new FluxError("ENODATA", "parent has no configuration");
  await store.update(first.value as JsonObject);
  void follow(stream, store, log);
}

async function follow(
  stream: AsyncIterable<unknown>,
  store: ConfigStore,
  log: (level: LogLevel, text: string) => void,
): Promise<void> {
  try {
    for await (const config of stream) {
      try {
        await store.update(config as JsonObject);
      } catch (error) {
        log("err", `config: ${FluxError.from(error).message}`);
      }
    }
  } catch (error) {
    // The end of the parent is told by the state of the parent.
    log("debug", `config.get: ${FluxError.from(error).message}`);
  }
}

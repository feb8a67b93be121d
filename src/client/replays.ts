import type { FluxError } from "../base/index.ts";
import type { ReplayOptions } from "./options.ts";
import { Replay } from "./replay.ts";
import type { Response } from "./response.ts";
import type { ResponseStream } from "./response-stream.ts";
import type { Status } from "./session.ts";

/** What the replays need of their handle. */
export interface ReplaysPort {
  /** Sends a streaming request. */
  stream(topic: string, payload: object): ResponseStream<Response>;
  /** Where the handle stands. */
  status(): Status;
}

/** The replays of a handle, which end with it. */
export class Replays {
  readonly #port: ReplaysPort;
  readonly #open = new Set<Replay>();
  readonly #waiting = new Set<(connected: boolean) => void>();

  constructor(port: ReplaysPort) {
    this.#port = port;
  }

  open(prefix: string, options: ReplayOptions): Replay {
    const replay: Replay = new Replay(prefix, options, {
      stream: (topic, payload) => this.#port.stream(topic, payload),
      connected: () => this.#connected(),
      ended: () => this.#open.delete(replay),
    });
    this.#open.add(replay);
    return replay;
  }

  /** The status of the handle has changed; `reason` is the loss that ended it. */
  statusChanged(status: Status, reason: FluxError | undefined): void {
    if (status === "reconnecting") return;
    for (const resolve of this.#waiting) resolve(status === "connected");
    this.#waiting.clear();
    if (status === "connected") return;
    for (const replay of [...this.#open]) {
      if (reason === undefined) replay.end();
      else replay.fail(reason);
    }
  }

  #connected(): Promise<boolean> {
    const status = this.#port.status();
    if (status !== "reconnecting") return Promise.resolve(status === "connected");
    return new Promise((resolve) => this.#waiting.add(resolve));
  }
}

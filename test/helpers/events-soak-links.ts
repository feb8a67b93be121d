import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A way between two brokers: the child's connection and the one made for it to its parent. */
interface Way {
  readonly near: Socket;
  readonly far: Socket;
  /** Both are there. */
  open: boolean;
}

/** The link of one rank to its parent: a port on this host that leads to where the parent listens. */
interface Link {
  readonly server: Server;
  readonly port: number;
  readonly ways: Set<Way>;
  /** Path of the socket at which the parent listens. */
  target: string | undefined;
}

/**
 * The links of a tree, each through this process, so that they can be cut: TCP from the child to here, a UNIX socket from here to its parent. The
 * ports stay taken while brokers come and go.
 */
export class SoakLinks implements AsyncDisposable {
  readonly #links: readonly Link[];

  private constructor(links: readonly Link[]) {
    this.#links = links;
  }

  /** Opens one for each rank; that of rank 0 stays without use. */
  static async open(size: number): Promise<SoakLinks> {
    return new SoakLinks(await Promise.all(Array.from({ length: size }, openLink)));
  }

  /** Where a rank connects to, whose parent listens at an endpoint `ipc://PATH`. */
  way(rank: number, endpoint: string): string {
    const link = this.#links[rank]!;
    link.target = endpoint.slice("ipc://".length);
    return `tcp://127.0.0.1:${link.port}`;
  }

  /** The ranks whose link carries something. */
  get connected(): number[] {
    return [...this.#links.keys()].filter((rank) => [...this.#links[rank]!.ways].some(({ open }) => open));
  }

  /** Ends the connections of a rank to its parent, in both directions at once: what is on its way is lost. New ones are let through. */
  cut(rank: number): void {
    for (const way of this.#links[rank]!.ways) end(way);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const rank of this.#links.keys()) this.cut(rank);
    await Promise.all(this.#links.map(({ server }) => new Promise((resolve) => server.close(resolve))));
  }
}

async function openLink(): Promise<Link> {
  const ways = new Set<Way>();
  const server = createServer({ noDelay: true }, (near) => {
    if (link.target === undefined) near.destroy();
    else pass(ways, near, connect(link.target));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const link: Link = { server, port: (server.address() as AddressInfo).port, ways, target: undefined };
  return link;
}

/** Passes bytes on in both directions; each end ends with the other. */
function pass(ways: Set<Way>, near: Socket, far: Socket): void {
  const way = { near, far, open: false };
  ways.add(way);
  far.once("connect", () => {
    way.open = !near.destroyed;
  });
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    // A parent that is not there refuses: the child tries again.
    from.on("error", () => {});
    from.once("close", () => {
      way.open = false;
      if (to.closed) ways.delete(way);
      // What was read from one that ended by itself still goes to the other, whose own end is to be seen.
      else if (from.readableEnded) to.end().resume();
      else to.destroy();
    });
    from.pipe(to);
  }
}

function end({ near, far }: Way): void {
  near.destroy();
  far.destroy();
}

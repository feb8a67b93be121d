import { FluxError } from "../base/index.ts";
import type { Methods } from "../client/index.ts";
import { real } from "../json/index.ts";
import { Role } from "../message/index.ts";

/** `overlay` of a broker without peers: what flux-overlay(1) and flux-module(1) stats ask for. */
export function singletonOverlayMethods(): Methods {
  const start = performance.now();
  const health = () => ({
    rank: 0,
    status: "full",
    duration: real((performance.now() - start) / 1000),
    children: [],
  });
  return {
    health: {
      allow: Role.USER,
      request(request) {
        // A stream goes on with each change, and here is none.
        request.respond(health());
      },
    },
    topology: {
      allow: Role.USER,
      answer({ rank }: { rank?: unknown }) {
        if (typeof rank !== "number") throw new FluxError("EPROTO");
        if (rank !== 0)
          throw new FluxError("ENOENT", "requested rank is not this broker or its direct child");
        return { rank: 0, size: 1, children: [] };
      },
    },
    "stats-get": {
      allow: Role.USER,
      answer: () => ({
        "child-count": 0,
        "child-connected": 0,
        "parent-count": 0,
        "parent-rpc": 0,
        "child-rpc": 0,
        interthread: { sendq: 0, recvq: 0 },
      }),
    },
    // No child ever changes: these streams stay open and silent.
    monitor: { streaming: true, request: () => {} },
    trace: { streaming: true, request: () => {} },
    "disconnect-subtree": {
      answer() {
        throw new FluxError("ENOENT", "requested rank is not this broker's direct child");
      },
    },
    "disconnect-parent": { request: () => {} },
  };
}

import { AsyncQueue } from "../../base/index.ts";
import { decodeLogText, type Methods, parseLogRecord } from "../../client/index.ts";
import type { LogRing } from "../log-ring.ts";

/** Most lines held for a follower who does not keep up; beyond it the oldest are dropped. */
const FOLLOW_QUEUE = 65_536;

/** `log`: what flux-logger(1) and flux-dmesg(1) call. */
export function logMethods(ring: LogRing): Methods {
  return {
    append: {
      request(request) {
        const record = parseLogRecord(decodeLogText(request.payload ?? new Uint8Array(0)));
        if (record === undefined) ring.counts.remote++;
        else ring.append(record);
        if (request.matchtag !== 0) request.respond();
      },
    },
    clear: { answer: () => ring.clear() },
    dmesg: {
      streaming: true,
      async request(request) {
        const [follow, nobacklog] = request.unpack("{s:b s?b}", "follow", "nobacklog");
        const lines = new AsyncQueue<string>({ limit: FOLLOW_QUEUE, overflow: "drop-oldest" });
        const unfollow = follow ? ring.follow((text) => lines.push(text)) : undefined;
        request.signal.addEventListener("abort", () => lines.stop(), { once: true });
        if (nobacklog !== true) for (const text of ring.texts) lines.push(text);
        if (!follow) lines.end();
        try {
          for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
            request.respond(line.value);
            const room = request.writable();
            if (room !== undefined) await room;
          }
        } finally {
          unfollow?.();
        }
        if (!request.signal.aborted) request.respondError("ENODATA");
      },
    },
    "stats-get": { answer: () => ({ "ring-used": ring.texts.length, ...ring.counts }) },
  };
}

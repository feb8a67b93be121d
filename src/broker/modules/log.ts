import { FluxError } from "../../base/index.ts";
import type { Methods, Request } from "../../client/index.ts";
import { isAuthorized, type Message } from "../../message/index.ts";
import type { LogBuffer } from "../log-buffer.ts";

/** `log`: what flux-logger(1), flux-dmesg(1) and the attributes call. */
export function logMethods(log: LogBuffer): Methods {
  const open = new Set<Request>();
  return {
    append: {
      request(request) {
        log.append(request.payload ?? new Uint8Array(0));
        if (request.matchtag !== 0) request.respond();
      },
    },
    clear: { answer: () => log.ring.clear() },
    dmesg: {
      async request(request) {
        const [follow, nobacklog] = request.unpack("{s:b s?b}", "follow", "nobacklog");
        if (!request.streaming || request.noResponse) throw new FluxError("EPROTO");
        open.add(request);
        try {
          await sendRecords(request, log, follow, nobacklog !== true);
        } finally {
          open.delete(request);
        }
      },
    },
    // Not answered, as in flux-core: whoever is cancelled hears it.
    cancel: {
      request(request) {
        request.dismiss();
        const [matchtag] = request.unpack("{s:i}", "matchtag");
        const canceled = [...open].find((other) => isFor(request.message, matchtag >>> 0, other));
        canceled?.respondError("ENODATA");
        canceled?.cancel();
      },
    },
    setattr: {
      request(request) {
        const [name, value] = request.unpack("{s:s s:s}", "name", "value");
        if (name !== "log-stderr-level") throw new FluxError("EINVAL", "unknown log attribute");
        log.setStderrLevel(value);
        request.respond();
      },
    },
    "stats-get": {
      answer: () => ({ "ring-used": log.ring.used, count: log.ring.count, ...log.counts }),
    },
  };
}

/** True when the cancel request `message` names this request, and may. */
function isFor(message: Message, matchtag: number, request: Request): boolean {
  return (
    request.matchtag === matchtag &&
    request.message.firstRoute === message.firstRoute &&
    isAuthorized(message, request.userid)
  );
}

/** Answers with the records there are, then with those that come, until the caller has enough. */
async function sendRecords(
  request: Request,
  log: LogBuffer,
  follow: boolean,
  backlog: boolean,
): Promise<void> {
  const records = log.follower();
  const unfollow = follow ? log.ring.follow((record) => records.push(record)) : undefined;
  request.onCancel(() => records.stop());
  if (backlog) for (const record of log.ring.records()) records.push(record);
  if (!follow) records.end();
  try {
    for (let next = await records.next(); next !== undefined; next = await records.next()) {
      request.respondRaw(stringPayload(next));
      const room = request.writable();
      if (room !== undefined) await room;
    }
  } finally {
    unfollow?.();
  }
  if (!request.over) request.respondError("ENODATA");
}

/** The bytes as a string of C: with a NUL behind. */
function stringPayload(record: Uint8Array): Uint8Array {
  const payload = new Uint8Array(record.length + 1);
  payload.set(record);
  return payload;
}

import { FluxError } from "../../base/index.ts";
import type { Methods } from "../../client/index.ts";

/** `heaptrace`: profiles of a C broker's heap, of which this one has none. A profile of Node's is had with `node --heap-prof`. */
export function heaptraceMethods(): Methods {
  const refuse = (): never => {
    throw new FluxError("ENOSYS");
  };
  return {
    start: {
      request(request) {
        request.unpack("{s:s}", "filename");
        refuse();
      },
    },
    dump: {
      request(request) {
        request.unpack("{s:s}", "reason");
        refuse();
      },
    },
    stop: { request: refuse },
  };
}

export { type Command, encodeCommand } from "./command.ts";
export { ExecFlag, LocalFlag } from "./flags.ts";
export { decodeIo } from "./io.ts";
export { RemoteGroup, type RemoteGroupEvents } from "./remote-group.ts";
export {
  type RemotePlace,
  RemoteProcess,
  type RemoteProcessEvents,
  type RemoteTarget,
} from "./remote-process.ts";
export { Rexec, type RexecOptions } from "./rexec.ts";

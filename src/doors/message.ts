/** `fluxbus/message`: the RFC 3 codec, bytes in, values out; no sockets, timers or promises. */
export { FluxError } from "../base/index.ts";
export {
  ADMITTED,
  type Credential,
  checkAdmission,
  decodeFrame,
  decodeMessage,
  describeMessage,
  Framer,
  MATCHTAG_NONE,
  MAX_FRAME_BYTES,
  Message,
  type MessageFields,
  MessageFlag,
  MessageType,
  NODEID_ANY,
  NODEID_UPSTREAM,
  Role,
  routeString,
  textPayload,
  topicMatcher,
  USERID_UNKNOWN,
} from "../message/index.ts";

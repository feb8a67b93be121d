export { ADMITTED, checkAdmission } from "./admission.ts";
export {
  MATCHTAG_NONE,
  MAX_ROUTE_BYTES,
  MAX_TOPIC_BYTES,
  MessageFlag,
  MessageType,
  NODEID_ANY,
  NODEID_UPSTREAM,
  Role,
  USERID_UNKNOWN,
} from "./constants.ts";
export {
  type Credential,
  isAuthorized,
  maySeePrivate,
  stampCredential,
  UNKNOWN_CREDENTIAL,
} from "./credentials.ts";
export { decodeAll, decodeFrame, decodeMessage } from "./decode.ts";
export { describeMessage } from "./describe.ts";
export { detach } from "./detach.ts";
export {
  comparePositions,
  type EventPosition,
  type EventRange,
  formatPosition,
  isPosition,
  LAST_SEQ,
  nextPosition,
  nextSeq,
  parsePosition,
} from "./event-position.ts";
export { cutTopic, failResponse } from "./failure.ts";
export { Framer, MAX_FRAME_BYTES } from "./framer.ts";
export { afterRoutes, decodeFrames, encodeFrames } from "./frames.ts";
export { giveBack } from "./give-back.ts";
export { encodePushed, routeString, topRoute } from "./head.ts";
export { HEADER_BYTES, writeHeader } from "./header.ts";
export { FRAME_MAGIC, Message, PREAMBLE_BYTES } from "./message.ts";
export type { MessageFields } from "./message-fields.ts";
export { partBytes, partContent, partLength, writePartLength } from "./parts.ts";
export { textPayload } from "./payload.ts";
export { PrefixTable } from "./prefix-table.ts";
export { type RequestStub, requestOf, stubOf } from "./request-stub.ts";
export { type FrameBytes, isPlainResponse, stampEncoded, writePreamble } from "./response-frame.ts";
export { type Oversize, oversizeError } from "./skim.ts";
export { methodOf, serviceOf, siblingTopic, TOPIC_MAX, topicMatcher, utf8Fits } from "./topic.ts";

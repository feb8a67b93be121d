export { aborted } from "./aborted.ts";
export { AsyncQueue, type AsyncQueueOptions, type OverflowPolicy } from "./async-queue.ts";
export { base64Length, decodeBase64, decodeBase64Bytes, encodeBase64, writeBase64 } from "./base64.ts";
export { ByteSink, SHARE_BYTES } from "./byte-sink.ts";
export { ByteSlab, type ByteSpan } from "./byte-slab.ts";
export {
  allocate,
  concatBytes,
  copyBytes,
  decodeLatin1,
  decodeUtf8,
  decodeUtf8Strict,
  EMPTY,
  encodeCString,
  encodeUtf8,
  plainView,
  SHORT_BYTES,
  sameBytes,
  utf8Length,
  writeLatin1,
  writeUtf8,
} from "./bytes.ts";
export { formatDuration, parseDuration } from "./duration.ts";
export { type ErrnoName, errno, errnoName, isErrnoName, strerror } from "./errno.ts";
export { FluxError, type FluxErrorOptions } from "./flux-error.ts";
export { decodeHostlist, encodeHostlist } from "./hostlist.ts";
export { decodeIdset, encodeIdset } from "./idset.ts";
export { parseJobId } from "./job-id.ts";
export { refusedMemory } from "./memory.ts";
export { printable, printableBytes } from "./printable.ts";
export { Scope } from "./scope.ts";
export { strsignal } from "./signal-text.ts";
export { parseSize } from "./size.ts";
export { SLICE_MS, WorkQueue } from "./slices.ts";
export { giveChunk, takeChunk, wholeChunk } from "./spare-chunks.ts";
export { ownText, shortText } from "./text.ts";
export { TextCache } from "./text-cache.ts";
export { TIMER_MAX_MS, within } from "./timer.ts";
export { decodeZ85, encodeZ85 } from "./z85.ts";

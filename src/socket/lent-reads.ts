import { Socket } from "node:net";
import { plainView } from "../base/index.ts";

/** Most that one read brings. */
export const READ_BYTES = 64 * 1024;

/** What is read from any socket of this thread is in here until the next read. */
const memory = Buffer.allocUnsafeSlow(READ_BYTES);
const bytes = plainView(memory);

/** Gets what was read; it is written over by the next read of any socket. */
export type TakeRead = (bytes: Uint8Array) => void;
/** As the option `onread` of net.Socket has it. */
type OnRead = (count: number) => boolean;

/** What a Socket has besides what is documented. */
interface HeldSocket {
  readonly _handle?: { useUserBuffer?(buffer: Uint8Array): unknown } | null;
  [key: symbol]: unknown;
}

/** Where a Socket keeps what its option `onread` said, found in one that was made with it; undefined where that is nowhere. */
function findKeys(): { readonly buffer: symbol; readonly callback: symbol } | undefined {
  const callback: OnRead = () => true;
  const onread = { buffer: memory, callback };
  const made = new Socket({ onread } as ConstructorParameters<typeof Socket>[0]) as unknown as HeldSocket;
  const keyOf = (value: unknown): symbol | undefined =>
    Object.getOwnPropertySymbols(made).find((key) => made[key] === value);
  const kept = { buffer: keyOf(memory), callback: keyOf(callback) };
  return kept.buffer && kept.callback && { buffer: kept.buffer, callback: kept.callback };
}

const keys = findKeys();

/**
 * From now on `socket` reads into memory that is used again for each read, as its option `onread` would have it: which can't be given for a connection
 * that was accepted. Otherwise Node takes 64 KiB of fresh memory for each read, and to collect it costs a busy broker more than its messages do.
 *
 * Returns false where that can't be had. What was read before comes as `data` in any case.
 */
export function lendReads(socket: Socket, take: TakeRead): boolean {
  const held = socket as unknown as HeldSocket;
  const handle = held._handle;
  if (keys === undefined || typeof handle?.useUserBuffer !== "function") return false;
  const onread: OnRead = (count) => {
    take(count === READ_BYTES ? bytes : bytes.subarray(0, count));
    return true;
  };
  held[keys.buffer] = memory;
  held[keys.callback] = onread;
  handle.useUserBuffer(memory);
  return true;
}

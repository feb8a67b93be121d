import { FluxError } from "../base/index.ts";

/**
 * The one byte a server writes when it has looked at a new connection: 0 lets the client in, anything else is the
 * error number it is refused with. Nothing else is exchanged at open.
 */
export const ADMITTED = 0;

/** Checks the admission byte; throws the FluxError it stands for unless it is 0. */
export function checkAdmission(byte: number): void {
  if (byte !== ADMITTED) throw new FluxError(byte);
}

import { FluxError } from "../base/index.ts";

/**
 * A number that is a real in JSON text whatever its value: `real(2)` prints `2.0`.
 *
 * C peers tell integers from reals by the text, and a field read with `f` refuses `2`. A plain JavaScript number
 * prints as a real only when it has a fraction, so wrap a number that must always be one. In arithmetic a Real
 * acts as its number.
 */
export class Real {
  readonly value: number;

  /** @throws FluxError EINVAL when `value` is NaN or infinite, which JSON cannot hold */
  constructor(value: number) {
    if (!Number.isFinite(value)) throw new FluxError("EINVAL", "Invalid floating point value");
    this.value = value;
  }

  valueOf(): number {
    return this.value;
  }

  toString(): string {
    return formatReal(this.value);
  }

  /** What JSON.stringify prints: the bare number, without the fraction that stringifyJson keeps. */
  toJSON(): number {
    return this.value;
  }
}

/**
 * `value` as a JSON real; see {@link Real}.
 * @throws FluxError EINVAL when `value` is NaN or infinite
 */
export function real(value: number): Real {
  return new Real(value);
}

/**
 * The JSON text of a finite double as jansson 2.14 prints it: `%.17g`, then `.0` when neither a point nor an
 * exponent is in it, and an exponent without `+` and leading zeros. 17 digits read back as the same double.
 */
export function formatReal(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? "-0.0" : `${value}.0`;
  const exponential = value.toExponential(16); // -d.dddddddddddddddde+x
  const cut = exponential.indexOf("e");
  const exponent = Number(exponential.slice(cut + 1));
  const negative = value < 0;
  const whole = negative ? 1 : 0;
  let digits = exponential[whole] + exponential.slice(whole + 2, cut);
  digits = trimZeros(toEven(digits, value, exponent));
  return (negative ? "-" : "") + place(digits, exponent);
}

/** JavaScript rounds a tie at the last digit up, C to the even digit: undo that where it differs. */
function toEven(digits: string, value: number, exponent: number): string {
  const last = digits.charCodeAt(16) - 48;
  if (last % 2 === 0 || exponent >= 17) return digits;
  // A tie has exactly 18 digits, so its lowest binary place is 2^-(17 - exponent).
  const scaled = value * 2 ** (17 - exponent);
  return Number.isInteger(scaled) && scaled % 2 !== 0 ? digits.slice(0, 16) + (last - 1) : digits;
}

function trimZeros(digits: string): string {
  let end = digits.length;
  while (end > 1 && digits.charCodeAt(end - 1) === 48) end--;
  return digits.slice(0, end);
}

/** Put the point into a run of digits whose first one counts 10^exponent. */
function place(digits: string, exponent: number): string {
  if (exponent < -4 || exponent >= 17) {
    return `${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ""}e${exponent}`;
  }
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return `${digits.padEnd(exponent + 1, "0")}.0`;
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

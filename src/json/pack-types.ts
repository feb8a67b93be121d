import type { Fault, IsWide, NoKey, Sentence, Separator, Unexpected } from "./format-types.ts";
import type { JsonValue } from "./json-value.ts";

/**
 * The type of a pack format parameter: `F` itself when the format is right, else a string literal type that says
 * in a sentence what is wrong with it, which the compiler then prints.
 *
 * A function that takes a format declares it like this, and hands both on as plain values:
 *
 * ```ts
 * function publishPack<const F extends string>(topic: string, fmt: CheckPackFormat<F>, ...args: PackArgs<F>) {
 *   const payload = packText(fmt as string, ...(args as unknown[]));
 * }
 * ```
 *
 * A format of type `string` is checked at run time only.
 */
export type CheckPackFormat<F extends string> =
  IsWide<F> extends true ? F : Walk<F> extends Fault<infer Text, infer Rest> ? Sentence<F, Text, Rest> : F;

/** The arguments a pack format takes, in order; `unknown[]` for a format that is wrong or not a literal. */
export type PackArgs<F extends string> =
  IsWide<F> extends true ? unknown[] : Walk<F> extends infer Args extends unknown[] ? Args : unknown[];

/** Text with a length in bytes, for `s#` and `s%`. */
type Counted = string | Uint8Array;

type Walk<F extends string> = F extends "" ? Fault<"NULL or empty format string", ""> : Value<F, "", []>;

/**
 * A value has to come next. `Stack` holds the brackets that are open, innermost first.
 */
type Value<
  F extends string,
  Stack extends string,
  Args extends unknown[],
> = F extends `${infer Char}${infer R}`
  ? Char extends Separator
    ? Value<R, Stack, Args>
    : Char extends "{" | "["
      ? Item<R, `${Char}${Stack}`, Args>
      : Char extends "s"
        ? Text<R, Stack, Args>
        : Char extends "n"
          ? Item<R, Stack, Args>
          : Char extends "b"
            ? Item<R, Stack, [...Args, boolean: boolean]>
            : Char extends "i"
              ? Item<R, Stack, [...Args, integer: number]>
              : Char extends "I"
                ? Item<R, Stack, [...Args, integer: number | bigint]>
                : Char extends "f"
                  ? Item<R, Stack, [...Args, real: number]>
                  : Char extends "o" | "O"
                    ? Any<R, Stack, Args>
                    : Unexpected<F>
  : Unexpected<F>;

/** Past a value: what may come depends on the bracket that is open. */
type Item<
  F extends string,
  Stack extends string,
  Args extends unknown[],
> = F extends `${infer Char}${infer R}`
  ? Char extends Separator
    ? Item<R, Stack, Args>
    : Stack extends `{${infer Outer}`
      ? Char extends "}"
        ? Item<R, Outer, Args>
        : Char extends "s"
          ? Piece<R, Stack, Args, "key">
          : NoKey<F>
      : Stack extends `[${infer Outer}`
        ? Char extends "]"
          ? Item<R, Outer, Args>
          : Value<F, Stack, Args>
        : Fault<`Garbage after format string: '${F}'`, never>
  : Stack extends ""
    ? Args
    : Unexpected<F>;

/** Past the `s` of a value: optional, or made of pieces. */
type Text<
  F extends string,
  Stack extends string,
  Args extends unknown[],
> = F extends `${infer Char}${infer R}`
  ? Char extends Separator
    ? Text<R, Stack, Args>
    : Char extends "?" | "*"
      ? Optional<R, Stack, Args>
      : Piece<F, Stack, Args, "value">
  : Piece<F, Stack, Args, "value">;

/** Past `s?` or `s*`. */
type Optional<
  F extends string,
  Stack extends string,
  Args extends unknown[],
> = F extends `${infer Char}${infer R}`
  ? Char extends Separator
    ? Optional<R, Stack, Args>
    : Char extends "#" | "%" | "+"
      ? Fault<`Cannot use '${Char}' on optional strings`, F>
      : Item<F, Stack, [...Args, string: string | null | undefined]>
  : Item<F, Stack, [...Args, string: string | null | undefined]>;

/** One string argument, which a length and then another piece may follow. */
type Piece<
  F extends string,
  Stack extends string,
  Args extends unknown[],
  Of extends "key" | "value",
> = F extends `${infer Char}${infer R}`
  ? Char extends Separator
    ? Piece<R, Stack, Args, Of>
    : Char extends "#" | "%"
      ? NextPiece<R, Stack, [...Args, string: Counted, length: number], Of>
      : Char extends "+"
        ? Piece<R, Stack, [...Args, string: string], Of>
        : Of extends "key"
          ? Value<F, Stack, [...Args, key: string]>
          : Item<F, Stack, [...Args, string: string]>
  : Of extends "key"
    ? Value<F, Stack, [...Args, key: string]>
    : Item<F, Stack, [...Args, string: string]>;

/** Past a length. */
type NextPiece<
  F extends string,
  Stack extends string,
  Args extends unknown[],
  Of extends "key" | "value",
> = F extends `${infer Char}${infer R}`
  ? Char extends Separator
    ? NextPiece<R, Stack, Args, Of>
    : Char extends "+"
      ? Piece<R, Stack, Args, Of>
      : Of extends "key"
        ? Value<F, Stack, Args>
        : Item<F, Stack, Args>
  : Of extends "key"
    ? Value<F, Stack, Args>
    : Item<F, Stack, Args>;

/** Past `o` or `O`. */
type Any<F extends string, Stack extends string, Args extends unknown[]> = F extends `${infer Char}${infer R}`
  ? Char extends Separator
    ? Any<R, Stack, Args>
    : Char extends "?" | "*"
      ? Item<R, Stack, [...Args, value: JsonValue | undefined]>
      : Item<F, Stack, [...Args, value: JsonValue]>
  : Item<F, Stack, [...Args, value: JsonValue]>;

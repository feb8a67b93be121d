import type { Fault, IsWide, NoKey, Sentence, Separator, Unexpected } from "./format-types.ts";
import type { JsonValue } from "./json-value.ts";

/**
 * The type of an unpack format parameter: `F` itself when the format is right, else a string literal type that says
 * in a sentence what is wrong with it, which the compiler then prints.
 *
 * A function that takes a format declares it like this, and hands all on as plain values:
 *
 * ```ts
 * function unpack<const F extends string>(fmt: CheckUnpackFormat<F>, ...keys: UnpackKeys<F>): Unpacked<F> {
 *   return unpackText(payload, fmt as string, ...(keys as string[])) as Unpacked<F>;
 * }
 * ```
 */
export type CheckUnpackFormat<F extends string> =
  IsWide<F> extends true ? F : Walk<F> extends Fault<infer Text, infer Rest> ? Sentence<F, Text, Rest> : F;

/** The keys an unpack format reads, in order; `string[]` for a format that is wrong or not a literal. */
export type UnpackKeys<F extends string> =
  IsWide<F> extends true
    ? string[]
    : Walk<F> extends Found<infer Keys extends string[], infer _>
      ? Keys
      : string[];

/**
 * The values an unpack format gives, in order: a tuple. What stands behind `s?` may be undefined. `unknown[]` for a
 * format that is wrong or not a literal.
 */
export type Unpacked<F extends string> =
  IsWide<F> extends true
    ? unknown[]
    : Walk<F> extends Found<infer _, infer Values extends unknown[]>
      ? Values
      : unknown[];

interface Found<Keys extends string[], Values extends unknown[]> {
  readonly keys: Keys;
  readonly values: Values;
}

type Walk<F extends string> = F extends ""
  ? Fault<"NULL or empty format string", "">
  : Value<F, "", [], [], never>;

/**
 * A value has to come next. `Stack` holds the brackets that are open, innermost first: `{` and `[`, or `(` and `<`
 * for an object and an array that may be absent. `Absent` is undefined where the value may be, else never.
 */
type Value<
  F extends string,
  Stack extends string,
  Keys extends string[],
  Values extends unknown[],
  Absent,
> = F extends `${infer Char}${infer R}`
  ? Char extends Separator
    ? Value<R, Stack, Keys, Values, Absent>
    : Char extends "{"
      ? Item<R, `${[Absent] extends [never] ? "{" : "("}${Stack}`, Keys, Values>
      : Char extends "["
        ? Item<R, `${[Absent] extends [never] ? "[" : "<"}${Stack}`, Keys, Values>
        : Char extends "s"
          ? Text<R, Stack, Keys, [...Values, string | Absent]>
          : Char extends "i" | "f" | "F"
            ? Item<R, Stack, Keys, [...Values, number | Absent]>
            : Char extends "I"
              ? Item<R, Stack, Keys, [...Values, number | bigint | Absent]>
              : Char extends "b"
                ? Item<R, Stack, Keys, [...Values, boolean | Absent]>
                : Char extends "o" | "O"
                  ? Item<R, Stack, Keys, [...Values, JsonValue | Absent]>
                  : Char extends "n"
                    ? Item<R, Stack, Keys, Values>
                    : Unexpected<F>
  : Unexpected<F>;

/** Past a value: what may come depends on the bracket that is open. */
type Item<
  F extends string,
  Stack extends string,
  Keys extends string[],
  Values extends unknown[],
> = F extends `${infer Char}${infer R}`
  ? Char extends Separator
    ? Item<R, Stack, Keys, Values>
    : Stack extends `${"{" | "("}${infer Outer}`
      ? Char extends "}"
        ? Item<R, Outer, Keys, Values>
        : Char extends "!" | "*"
          ? Last<R, Outer, Keys, Values, Char, "}">
          : Char extends "s"
            ? Key<R, Stack, [...Keys, key: string], Values>
            : NoKey<F>
      : Stack extends `${infer Open}${infer Outer}`
        ? Char extends "]"
          ? Item<R, Outer, Keys, Values>
          : Char extends "!" | "*"
            ? Last<R, Outer, Keys, Values, Char, "]">
            : Value<F, Stack, Keys, Values, Open extends "<" ? undefined : never>
        : Fault<`Garbage after format string: '${F}'`, never>
  : Stack extends ""
    ? Found<Keys, Values>
    : Unexpected<F>;

/** Past the `s` of a key. */
type Key<
  F extends string,
  Stack extends string,
  Keys extends string[],
  Values extends unknown[],
> = F extends `${infer Char}${infer R}`
  ? Char extends Separator
    ? Key<R, Stack, Keys, Values>
    : Char extends "?"
      ? Value<R, Stack, Keys, Values, undefined>
      : Value<F, Stack, Keys, Values, Stack extends `(${string}` ? undefined : never>
  : Unexpected<F>;

/** Past the `s` of a value: a `%` asks for the length too, which a string here has of itself. */
type Text<
  F extends string,
  Stack extends string,
  Keys extends string[],
  Values extends unknown[],
> = F extends `${infer Char}${infer R}`
  ? Char extends Separator
    ? Text<R, Stack, Keys, Values>
    : Char extends "%"
      ? Item<R, Stack, Keys, Values>
      : Item<F, Stack, Keys, Values>
  : Item<F, Stack, Keys, Values>;

/** Past `!` or `*`: only the closing bracket may come. */
type Last<
  F extends string,
  Outer extends string,
  Keys extends string[],
  Values extends unknown[],
  Mark extends string,
  Close extends string,
> = F extends `${infer Char}${infer R}`
  ? Char extends Separator
    ? Last<R, Outer, Keys, Values, Mark, Close>
    : Char extends Close
      ? Item<R, Outer, Keys, Values>
      : Fault<`Expected '${Close}' after '${Mark}', got '${Char}'`, F>
  : Unexpected<F>;

/**
 * Shared by the types that check pack and unpack formats at compile time.
 *
 * A walk reads a format literal character by character, as the scanner does at run time, and ends in a tuple of
 * argument types or in a Fault. It recurses in tail position only, so that formats of some hundred specs stay
 * within the compiler's limit of 1000 steps.
 */

/** Characters without meaning between tokens. */
export type Separator = " " | "\t" | "\n" | "," | ":";

/** What is wrong with a format, and the part of it from the wrong character on; never when the text says where. */
export interface Fault<Text extends string, Rest extends string> {
  readonly text: Text;
  readonly rest: Rest;
}

/** A fault as the sentence that the compiler prints, with the place in `Format` where it was met. */
export type Sentence<
  Format extends string,
  Text extends string,
  Rest extends string,
> = Format extends `${infer Before}${Rest}` ? (Before extends "" ? Text : `${Text} after '${Before}'`) : Text;

/** True for `string` and template types, whose text is known at run time only. */
export type IsWide<Format extends string> = Record<never, never> extends Record<Format, 1> ? true : false;

/** A character that has no place in a format, or the end of the format where more is needed. */
export type Unexpected<Rest extends string> = Rest extends `${infer Char}${string}`
  ? Fault<`Unexpected format character '${Char}'`, Rest>
  : Fault<"Unexpected end of format string", Rest>;

/** Something else where an object needs a key. */
export type NoKey<Rest extends string> = Rest extends `${infer Char}${string}`
  ? Fault<`Expected format 's', got '${Char}'`, Rest>
  : Fault<"Unexpected end of format string", Rest>;

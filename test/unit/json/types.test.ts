import { test } from "node:test";
import { expectTypeOf } from "expect-type";
import {
  type CheckPackFormat,
  type CheckUnpackFormat,
  type JsonObject,
  type JsonValue,
  type PackArgs,
  pack,
  packText,
  parseJson,
  real,
  stringifyJson,
  type Unpacked,
  type UnpackKeys,
  unpack,
  unpackText,
} from "../../../src/json/index.ts";

/** Calls in here are for the compiler only. */
function never(_calls: () => unknown): void {}

type Any = JsonValue | undefined;

test("arguments follow from a pack format", () => {
  expectTypeOf<PackArgs<"{}">>().toEqualTypeOf<[]>();
  expectTypeOf<PackArgs<"{s:i s:s}">>().toEqualTypeOf<[string, number, string, string]>();
  expectTypeOf<PackArgs<"[n b i I f]">>().toEqualTypeOf<[boolean, number, number | bigint, number]>();
  expectTypeOf<PackArgs<"[o O o? O? o* O*]">>().toEqualTypeOf<[JsonValue, JsonValue, Any, Any, Any, Any]>();
  expectTypeOf<PackArgs<"[s s? s*]">>().toEqualTypeOf<
    [string, string | null | undefined, string | null | undefined]
  >();
  expectTypeOf<PackArgs<"[s# s %]">>().toEqualTypeOf<
    [string | Uint8Array, number, string | Uint8Array, number]
  >();
  expectTypeOf<PackArgs<"s+">>().toEqualTypeOf<[string, string]>();
  expectTypeOf<PackArgs<"s++#+">>().toEqualTypeOf<[string, string, string | Uint8Array, number, string]>();
  expectTypeOf<PackArgs<"s# + %">>().toEqualTypeOf<
    [string | Uint8Array, number, string | Uint8Array, number]
  >();
  expectTypeOf<PackArgs<"{s#:i s+:b}">>().toEqualTypeOf<
    [string | Uint8Array, number, number, string, string, boolean]
  >();
  expectTypeOf<PackArgs<"{s#+:i}">>().toEqualTypeOf<[string | Uint8Array, number, string, number]>();
  expectTypeOf<PackArgs<"{ s : { s : [ i , { s : n } ] } ,\n\ts:s }">>().toEqualTypeOf<
    [string, string, number, string, string, string]
  >();
});

test("a wrong pack format becomes a sentence", () => {
  expectTypeOf<CheckPackFormat<"{s:i}">>().toEqualTypeOf<"{s:i}">();
  expectTypeOf<CheckPackFormat<"">>().toEqualTypeOf<"NULL or empty format string">();
  expectTypeOf<CheckPackFormat<"q">>().toEqualTypeOf<"Unexpected format character 'q'">();
  expectTypeOf<CheckPackFormat<"{s:q}">>().toEqualTypeOf<"Unexpected format character 'q' after '{s:'">();
  expectTypeOf<CheckPackFormat<"{s:F}">>().toEqualTypeOf<"Unexpected format character 'F' after '{s:'">();
  expectTypeOf<CheckPackFormat<"[i}">>().toEqualTypeOf<"Unexpected format character '}' after '[i'">();
  expectTypeOf<CheckPackFormat<"{s:i">>().toEqualTypeOf<"Unexpected end of format string after '{s:i'">();
  expectTypeOf<CheckPackFormat<"{s">>().toEqualTypeOf<"Unexpected end of format string after '{s'">();
  expectTypeOf<CheckPackFormat<"{">>().toEqualTypeOf<"Unexpected end of format string after '{'">();
  expectTypeOf<CheckPackFormat<"[s#">>().toEqualTypeOf<"Unexpected end of format string after '[s#'">();
  expectTypeOf<CheckPackFormat<"{s#">>().toEqualTypeOf<"Unexpected end of format string after '{s#'">();
  expectTypeOf<CheckPackFormat<"[o">>().toEqualTypeOf<"Unexpected end of format string after '[o'">();
  expectTypeOf<CheckPackFormat<"{i:s}">>().toEqualTypeOf<"Expected format 's', got 'i' after '{'">();
  expectTypeOf<
    CheckPackFormat<"{s:s?#}">
  >().toEqualTypeOf<"Cannot use '#' on optional strings after '{s:s?'">();
  expectTypeOf<CheckPackFormat<"ii">>().toEqualTypeOf<"Garbage after format string: 'i'">();
  expectTypeOf<CheckPackFormat<"{}}">>().toEqualTypeOf<"Garbage after format string: '}'">();
});

test("keys and values follow from an unpack format", () => {
  expectTypeOf<UnpackKeys<"{s:i s?s}">>().toEqualTypeOf<[string, string]>();
  expectTypeOf<Unpacked<"{s:i s:s}">>().toEqualTypeOf<[number, string]>();
  expectTypeOf<Unpacked<"[s s% i I b f F o O n]">>().toEqualTypeOf<
    [string, string, number, number | bigint, boolean, number, number, JsonValue, JsonValue]
  >();
  expectTypeOf<UnpackKeys<"[i!]">>().toEqualTypeOf<[]>();
  expectTypeOf<Unpacked<"{s?i s:i}">>().toEqualTypeOf<[number | undefined, number]>();
  expectTypeOf<Unpacked<"{s?{s:i s:[b,{s:s}]} s:[I] !}">>().toEqualTypeOf<
    [number | undefined, boolean | undefined, string | undefined, number | bigint]
  >();
  expectTypeOf<Unpacked<"{s?[i{s:b}*]*}">>().toEqualTypeOf<[number | undefined, boolean | undefined]>();
  expectTypeOf<UnpackKeys<"{s?{s:i s:[b,{s:s}]} s:[I] !}">>().toEqualTypeOf<
    [string, string, string, string, string]
  >();
});

test("a wrong unpack format becomes a sentence", () => {
  expectTypeOf<CheckUnpackFormat<"{s?i !}">>().toEqualTypeOf<"{s?i !}">();
  expectTypeOf<CheckUnpackFormat<"">>().toEqualTypeOf<"NULL or empty format string">();
  expectTypeOf<CheckUnpackFormat<"{s:s#}">>().toEqualTypeOf<"Expected format 's', got '#' after '{s:s'">();
  expectTypeOf<CheckUnpackFormat<"[i?]">>().toEqualTypeOf<"Unexpected format character '?' after '[i'">();
  expectTypeOf<CheckUnpackFormat<"{!s:i}">>().toEqualTypeOf<"Expected '}' after '!', got 's' after '{!'">();
  expectTypeOf<
    CheckUnpackFormat<"[i * i]">
  >().toEqualTypeOf<"Expected ']' after '*', got 'i' after '[i * '">();
  expectTypeOf<CheckUnpackFormat<"[!">>().toEqualTypeOf<"Unexpected end of format string after '[!'">();
  expectTypeOf<CheckUnpackFormat<"{s?">>().toEqualTypeOf<"Unexpected end of format string after '{s?'">();
  expectTypeOf<CheckUnpackFormat<"s?">>().toEqualTypeOf<"Garbage after format string: '?'">();
});

test("a format that is not a literal is left to run time", () => {
  expectTypeOf<PackArgs<string>>().toEqualTypeOf<unknown[]>();
  expectTypeOf<PackArgs<`{s:${string}}`>>().toEqualTypeOf<unknown[]>();
  expectTypeOf<CheckPackFormat<string>>().toEqualTypeOf<string>();
  expectTypeOf<UnpackKeys<string>>().toEqualTypeOf<string[]>();
  expectTypeOf<Unpacked<string>>().toEqualTypeOf<unknown[]>();
  const format: string = "{s:i}";
  expectTypeOf(pack(format, "a", 1)).toEqualTypeOf<JsonValue>();
  expectTypeOf(unpack({ a: 1 }, format, "a")).toEqualTypeOf<unknown[]>();
});

test("calls are checked", () => {
  const [id, host, port] = unpack({ id: 7, host: "x" }, "{s:i s:s s?i}", "id", "host", "port");
  expectTypeOf(id).toEqualTypeOf<number>();
  expectTypeOf(host).toEqualTypeOf<string>();
  expectTypeOf(port).toEqualTypeOf<number | undefined>();
  expectTypeOf(unpackText('{"a":true}', "{s:b}", "a")).toEqualTypeOf<[boolean]>();
  never(() => [
    pack("{s:i s:s}", "id", 7, "host", "x"),
    // @ts-expect-error: a string for i
    pack("{s:i}", "id", "7"),
    // @ts-expect-error: too few
    pack("{s:i}", "id"),
    // @ts-expect-error: too many
    pack("{s:i}", "id", 7, 8),
    // @ts-expect-error: NULL for s
    pack("s", null),
    // @ts-expect-error: not JSON
    pack("o", () => 1),
    // @ts-expect-error: a wrong format
    packText("{s:q}", "id", 7),
    // @ts-expect-error: a key is missing
    unpack({}, "{s:i}"),
    // @ts-expect-error: a key that is none
    unpack({}, "{s:i}", 5),
    // @ts-expect-error: a wrong format
    unpackText("{}", "{s:s#}", "id"),
  ]);
});

test("functions that take formats hand the checks on", () => {
  function publishPack<const F extends string>(
    topic: string,
    fmt: CheckPackFormat<F>,
    ...args: PackArgs<F>
  ): string {
    return topic + packText(fmt as string, ...(args as unknown[]));
  }
  class Message {
    unpack<const F extends string>(fmt: CheckUnpackFormat<F>, ...keys: UnpackKeys<F>): Unpacked<F> {
      return unpackText('{"id":7}', fmt as string, ...(keys as string[])) as Unpacked<F>;
    }
  }
  publishPack("job.done", "{s:i}", "id", 7);
  expectTypeOf(new Message().unpack("{s:i}", "id")).toEqualTypeOf<[number]>();
  never(() => [
    // @ts-expect-error: a string for i
    publishPack("job.done", "{s:i}", "id", "7"),
    // @ts-expect-error: a wrong format
    publishPack("job.done", "{s:q}", "id", 7),
    // @ts-expect-error: a wrong format
    new Message().unpack("{s:q}", "id"),
  ]);
});

test("long and deep formats are within the compiler's means", () => {
  type Twice<T extends string> = `${T} ${T}`;
  type Members16 = Twice<Twice<Twice<Twice<"s:{s:i}">>>>;
  type Members64 = Twice<Twice<Members16>>;
  expectTypeOf<PackArgs<`{${Members64}}`>["length"]>().toEqualTypeOf<192>();
  expectTypeOf<Unpacked<`{${Members64}}`>["length"]>().toEqualTypeOf<64>();
  type Open = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[";
  type Close = "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]";
  expectTypeOf<PackArgs<`${Open}i${Close}`>>().toEqualTypeOf<[number]>();
  expectTypeOf<Unpacked<`${Open}i${Close}`>>().toEqualTypeOf<[number]>();
});

test("JSON values are what they should be", () => {
  const value: JsonValue = { a: [1, 2n, real(3), null, { b: undefined }] };
  expectTypeOf(parseJson(stringifyJson(value))).toEqualTypeOf<JsonValue>();
  expectTypeOf<{ a?: number }>().toExtend<JsonObject>();
  expectTypeOf<Date>().not.toExtend<JsonValue>();
  expectTypeOf<() => void>().not.toExtend<JsonValue>();
  expectTypeOf<symbol>().not.toExtend<JsonValue>();
});

#!/usr/bin/env python3
"""Record what libjansson answers, for jansson.test.ts: run it beside the file and keep the output.

    python3 record-jansson.py > jansson-2.14.jsonl
"""

import ctypes
import json
import random

DECODE_ANY, ALLOW_NUL = 0x4, 0x10
COMPACT, ENCODE_ANY = 0x20, 0x200
VALIDATE_ONLY = 0x1

lib = ctypes.CDLL("libjansson.so.4")


class Error(ctypes.Structure):
    _fields_ = [
        ("line", ctypes.c_int),
        ("column", ctypes.c_int),
        ("position", ctypes.c_int),
        ("source", ctypes.c_char * 80),
        ("text", ctypes.c_char * 160),
    ]

    def message(self):
        return bytes(self.text).split(b"\0")[0].decode("utf-8", "replace")


lib.json_loadb.restype = ctypes.c_void_p
lib.json_loadb.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p]
lib.json_dumps.restype = ctypes.c_void_p
lib.json_dumps.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
lib.json_pack_ex.restype = ctypes.c_void_p
lib.jansson_version_str.restype = ctypes.c_char_p
assert lib.jansson_version_str() == b"2.14"


def load(text, flags=ALLOW_NUL):
    error = Error()
    value = lib.json_loadb(text, len(text), flags, ctypes.byref(error))
    return value, error.message()


def dump(value, flags=COMPACT | ENCODE_ANY):
    pointer = lib.json_dumps(value, flags)
    return ctypes.string_at(pointer).decode("utf-8") if pointer else None


def parse_case(text):
    value, error = load(text)
    try:
        case = {"text": text.decode("utf-8")}
    except UnicodeDecodeError:
        case = {"hex": text.hex()}
    if value is None:
        return {**case, "error": error}
    return {**case, "compact": dump(value), "spaced": dump(value, 0)}


PARSE = r"""

x
1
"a"
null
{}
[]
 [ ]
[1,
[1
[
{
{"a"
{"a":
{"a":1
{"a":1,
{"a":1,}
{"a" 1}
{a:1}
{1:1}
{"a":1 "b":2}
[1,]
[,1]
[1 2]
[1]]
[1] [2]
[1] trailing
[tru]
[True]
[nul]
[undefined]
[verylongidentifierindeed]
[01]
[-]
[-x]
[-01]
[+1]
[.5]
[1.]
[1.x]
[1e]
[1e+]
[1e-x]
[1E5,1e-5,1.5e300,-2.5E+3]
[1e400]
[-1e400]
[123456789012345e300]
[1e-400]
[0,-0,0.0,-0.0]
[9007199254740991,9007199254740992,9007199254740993]
[9223372036854775807,-9223372036854775808]
[9223372036854775808]
[-9223372036854775809]
[123456789012345678901234567890]
[1.0,2.50,1e5,0.1,100.0,1e16,1e17,1e21,123456789.123456789]
[1700000000.1234567]
[2.98023223876953125e-8,0.0001,0.00001,0.000123]
[1.00000000000000000001,9.99999999999999999999,4503599627370497.1,123456789012345.001]
["abc
["abc\
["abc\x"]
["abc\u12"]
["abc\u12g4"]
["\ud800"]
["\ud800x"]
["\ud800\n"]
["\ud800\u0041"]
["\udc00"]
["\uD83D\uDE00","\u00e9","\u20ac"]
["\"\\\/\b\f\n\r\t"]
["\u0000"]
{"\u0000":1}
{"a\u0000b":1}
["\u001f\u000b\u007f"]
{"a":1,"b":2,"a":3}
{"__proto__":1}
[[1],{"a":[{}]}]
["é€😀"]
[é]
[😀]
[']
[/* no */]
[NaN]
[Infinity]
{"a":"a string that is longer than twenty bytes" "b"}
["a string that is longer than twenty bytes" x]
""".split("\n")

RAW = [
    b"[\"\x01\"]",
    b"[\"a\nb\"]",
    b"[\"a\tb\"]",
    b"\xef\xbb\xbf[]",
    b"[\"\xff\"]",
    b"[\"\xc0\x80\"]",
    b"[\"\xed\xa0\x80\"]",
    b"[\"\xf4\x90\x80\x80\"]",
    b"[\"\xe2\x82\"]",
    b"[\"\xf0\x9f\x98\x80\xef\xbf\xbd\"]",
    b"\r\n\t [1\r]\n",
]


def mutated(chance, count):
    alphabet = '{}[]:,"\\0123456789.eE+-truefalsn ul\n'
    sources = [line for line in PARSE if line[:1] in "{["]
    while count > 0:
        text = list(chance.choice(sources))
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(text) + 1)
            how = chance.random()
            if how < 0.4:
                text[at:at] = chance.choice(alphabet)
            elif how < 0.7:
                del text[at : at + chance.randint(1, 3)]
            else:
                text[at : at + 1] = chance.choice(alphabet)
        count -= 1
        yield "".join(text).encode("utf-8")


# One pointer that does for every argument: as a string it is "\\7", as json_t an immortal null, as a length 0x10000.
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
ANY = libc.mmap(0x10000, 0x20000, 3, 0x32, -1, 0)
assert ANY == 0x10000
ctypes.memmove(ANY, b"\x07" + b"\0" * 7 + b"\x7f" * 8, 16)


def pack_case(fmt):
    error = Error()
    args = [ctypes.c_double(1.5)] * 8 + [ctypes.c_void_p(ANY)] * 60
    value = lib.json_pack_ex(ctypes.byref(error), ctypes.c_size_t(0), fmt.encode(), *args)
    # jansson takes some wrong formats such as "{s{*}}", with the error noted but no failure: that counts as one.
    return {"format": fmt, "error": error.message() or (None if value else "")}


def unpack_case(fmt, text):
    """Every key is "a"; the flag leaves out the targets (and, a fault of jansson's, the % of "s%")."""
    value, _ = load(text.encode(), ALLOW_NUL | DECODE_ANY)
    error = Error()
    args = [ctypes.c_char_p(b"a")] * 60
    result = lib.json_unpack_ex(
        ctypes.c_void_p(value), ctypes.byref(error), ctypes.c_size_t(VALIDATE_ONLY), fmt.encode(), *args
    )
    return {"format": fmt, "text": text, "error": error.message() if result else None}


def pack_format(chance, depth=0):
    kind = chance.random() if depth else chance.random() / 2
    if depth < 3 and kind < 0.25:
        keys = ["s", "s#", "s+", "s:", "s%+#"]
        body = " ".join(chance.choice(keys) + pack_format(chance, depth + 1) for _ in range(chance.randint(0, 3)))
        return "{" + body + "}"
    if depth < 3 and kind < 0.4:
        return "[" + ",".join(pack_format(chance, depth + 1) for _ in range(chance.randint(0, 3))) + "]"
    return chance.choice("s s? s* s# s% s+ s+#+% n b i I f o O o? o* O? O*".split())


def unpack_format(chance, depth=0):
    kind = chance.random() if depth else chance.random() / 1.4
    end = chance.choice(["", "", "", "!", "*"])
    if depth < 3 and kind < 0.4:
        keys = ["s", "s?", "s:"]
        body = " ".join(chance.choice(keys) + unpack_format(chance, depth + 1) for _ in range(chance.randint(0, 3)))
        return "{" + body + end + "}"
    if depth < 3 and kind < 0.6:
        return "[" + ",".join(unpack_format(chance, depth + 1) for _ in range(chance.randint(0, 3))) + end + "]"
    return chance.choice("s i I b f F o O n".split())


def broken(chance, fmt, alphabet):
    text = list(fmt)
    for _ in range(chance.randint(0, 2)):
        at = chance.randrange(len(text) + 1)
        if chance.random() < 0.5:
            text[at:at] = chance.choice(alphabet)
        else:
            del text[at : at + 1]
    return "".join(text)


def text_for(chance, depth=0):
    kind = chance.random()
    if depth < 4 and kind < 0.4:
        keys = chance.choice([[], ["a"], ["a"], ["a"], ["a", "b"], ["b", "c"]])
        return "{" + ",".join(f'"{key}":{text_for(chance, depth + 1)}' for key in keys) + "}"
    if depth < 4 and kind < 0.6:
        return "[" + ",".join(text_for(chance, depth + 1) for _ in range(chance.randint(0, 3))) + "]"
    return chance.choice(['"x"', "1", "1.0", "1.5", "9223372036854775807", "true", "false", "null"])


def fitting(chance, fmt):
    """A text that fits `fmt` more often than chance would have it."""
    answers = {"s": '"x"', "i": "7", "I": "9007199254740993", "b": "true", "f": "2.0", "F": "3", "n": "null"}
    if fmt[:1] == "{":
        return '{"a":' + chance.choice([*answers.values(), "[]", "{}", text_for(chance, 2)]) + "}"
    if fmt[:1] == "[":
        return "[" + ",".join(chance.choice([*answers.values(), text_for(chance, 2)]) for _ in range(chance.randint(1, 3))) + "]"
    return answers.get(fmt[:1], text_for(chance))


def main():
    chance = random.Random(2014)
    parse = [parse_case(text.encode("utf-8")) for text in PARSE] + [parse_case(text) for text in RAW]
    parse += [parse_case(text) for text in mutated(chance, 250)]
    pack = [pack_case(broken(chance, pack_format(chance), "{}[]siIbfFoOn?*#%+! :,x")) for _ in range(400)]
    unpack = []
    for _ in range(700):
        fmt = broken(chance, unpack_format(chance), "{}[]siIbfFoOn?*#+! :,x")
        text = fitting(chance, fmt) if chance.random() < 0.8 else text_for(chance)
        unpack.append(unpack_case(fmt, text))
    for kind, cases in {"parse": parse, "pack": pack, "unpack": unpack}.items():
        for case in cases:
            print(json.dumps({"kind": kind, **case}, ensure_ascii=False))


main()

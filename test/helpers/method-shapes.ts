import { Message, MessageFlag, textPayload } from "../../src/message/index.ts";

const { NORESPONSE, STREAMING } = MessageFlag;

/** The fields that methods read, with values that fit most of them. */
const FIELDS: Readonly<Record<string, unknown>> = {
  ...{ name: "g", names: ["PATH"], keys: ["rundir"], who: "self", matchtag: 1, topic: "guest.t", flags: 0 },
  ...{
    payload: "AAAA",
    service: "4242-s",
    prefix: "p",
    since: "now",
    follow: false,
    limit: 1,
    encoding: "json",
  },
  ...{
    times: true,
    once: true,
    value: "1",
    force: true,
    rank: 0,
    pid: 1,
    signum: 0,
    label: "l",
    cmd: {},
    io: {},
  },
  ...{
    path: "/nowhere",
    args: [],
    exec: false,
    loader: "none",
    cancel: false,
    defer: false,
    status: 1,
    errnum: 0,
  },
  ...{
    errstr: "e",
    typemask: 0,
    topic_glob: "*",
    full: true,
    nodeid: -1,
    op: "setbit",
    env: {},
    event: "none",
  },
  ...{ error: false, final: 3, reason: "r", commands: ["true"], loglevel: 3, update: {}, nobacklog: true },
  ...{ local_flags: 0, until: { epoch: 1, seq: 1 } },
};

/** JSON of what no method expects in any field. */
const HOSTILE = [
  ...["null", "true", "-1", "1.5", "1e300", "12345678901234567", '"x"', '""', "[]", "[[]]", "[null]", "{}"],
  '{"toString":1,"valueOf":1,"toJSON":1,"constructor":1,"length":-1,"then":1}',
  '{"__proto__":{"name":"x"},"time":{}}',
  '[{"toString":1}]',
  '"constructor"',
  '"__proto__"',
  '"\\ud83d\\ude00\\u0000x"',
  '"0-4294967293"',
  '"n[0-999999999]"',
  '{"epoch":-1,"seq":1e99}',
];

function objectOf(jsonOf: (name: string) => string): string {
  const members = Object.keys(FIELDS).map((name) => `${JSON.stringify(name)}:${jsonOf(name)}`);
  return `{${members.join(",")}}`;
}

const valid = (name: string): string => JSON.stringify(FIELDS[name]);

/** Payloads that fit: `follow` has streams go on. */
export const WELL_FORMED: readonly Uint8Array[] = [false, true].map((follow) =>
  textPayload(objectOf((name) => (name === "follow" || name === "once" ? String(follow) : valid(name)))),
);

/** Payloads of which one field is hostile, and the others fit. */
export const ONE_WRONG: readonly Uint8Array[] = Object.keys(FIELDS).flatMap((wrong) =>
  HOSTILE.map((json) => textPayload(objectOf((name) => (name === wrong ? json : valid(name))))),
);

/** Payloads that fit no method: no JSON, no object, too large, too deep, or all fields are hostile. */
export const MALFORMED: readonly Uint8Array[] = [
  ...HOSTILE.map((json) => textPayload(objectOf(() => json))),
  ...[
    "{",
    "[1]",
    "1",
    '"text"',
    "[]",
    "{}",
    '{"matchtag":{}}',
    '{"a":"\\ud800"}',
    `{"a":${"9".repeat(1000)}}`,
  ].map(textPayload),
  textPayload(`{"a":${"[".repeat(3000)}${"]".repeat(3000)}}`),
  textPayload(`{"a":${"[".repeat(2000)}${"]".repeat(2000)}}`),
  textPayload(`{"name":"${"x".repeat(25_000)}"}`),
  textPayload(`{"names":[${"0,".repeat(6_000)}0]}`),
  new Uint8Array(0),
  Uint8Array.of(0),
  Uint8Array.of(0xff, 0xfe, 0),
  new TextEncoder().encode('{"name":"without a NUL"}'),
  new TextEncoder().encode('{"name":"a NUL\0within"}\0'),
  new Uint8Array(30_000).fill(0x5b),
];

/** As MALFORMED, without the one that has the log's followers wait in silence. */
export const CHANGES_NOTHING = MALFORMED.filter(
  (payload) => !new TextDecoder().decode(payload).includes('"follow":true'),
);

/** Ways to ask: for a response, for a stream, for nothing, and for nothing and a stream, which makes no sense. */
const KINDS = [0, STREAMING, NORESPONSE, NORESPONSE | STREAMING];

/** Requests of one topic with these payloads, each in all ways or the given ones. */
export function requestsOf(
  topic: string,
  payloads: readonly Uint8Array[],
  ranks: number,
  kinds: readonly number[] = KINDS,
): Message[] {
  return payloads.flatMap((payload, index) =>
    kinds.map((flags, kind) =>
      Message.request({ topic, payload, flags, nodeid: index % ranks, matchtag: 1 + 4 * index + kind }),
    ),
  );
}

/** True when somebody waits for a response. */
export function isAwaited({ flags }: Message): boolean {
  return (flags & NORESPONSE) === 0;
}

import fc from "fast-check";
import { Message, MessageType } from "../../src/message/index.ts";
import { type TwinFields, twinNormal } from "./message-twin.ts";

const word = fc.oneof(fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff), fc.nat(0xffffffff));

const shortText = fc.oneof(
  fc.stringMatching(/^[a-z]{1,8}(\.[a-z]{1,8}){0,3}$/),
  fc.string({ unit: "binary", maxLength: 12 }),
);

/** Texts around the lengths where the encoding changes: 254/255 bytes, and by reference from 16 KiB on. */
const longText = fc
  .tuple(fc.constantFrom("a", "é", "語"), fc.constantFrom(84, 85, 127, 128, 253, 254, 255, 256, 1000, 70_000))
  .map(([unit, count]) => unit.repeat(count));

const noNul = (text: string): string => text.replaceAll("\0", "-");

/** A topic without a NUL, mostly short, may be empty. */
export const anyTopic = fc
  .oneof({ weight: 6, arbitrary: shortText }, { weight: 1, arbitrary: longText })
  .map(noNul);

/** A route id. */
export const anyRoute = fc
  .oneof(
    { weight: 4, arbitrary: fc.uuid() },
    { weight: 2, arbitrary: shortText },
    { weight: 1, arbitrary: longText },
  )
  .map((text) => (text === "" ? "r" : noNul(text)));

/** A route stack: mostly of a few ids, sometimes of many. */
export const anyRoutes = fc.oneof(
  { weight: 6, arbitrary: fc.array(anyRoute, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.nat(400).map((count) => Array.from({ length: count }, (_, i) => `hop-${i}`)) },
);

/** Payload bytes: empty, short, and of the lengths where the encoding changes. */
export const anyPayload = fc.oneof(
  { weight: 6, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(95, 96, 97, 254, 255, 256, 16_383, 16_384, 65_536, 100_001), fc.nat(255))
      .map(([length, seed]) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff)),
  },
);

/** Fields of any message; the flags for its parts are those of the parts it has, the other five are free. */
export const anyFields: fc.Arbitrary<TwinFields> = fc
  .record({
    type: fc.constantFrom(1, 2, 4, 8),
    flags: fc.nat(255),
    userid: word,
    rolemask: word,
    aux1: word,
    aux2: word,
    routes: fc.option(anyRoutes, { nil: undefined }),
    topic: fc.option(anyTopic, { nil: undefined, freq: 8 }),
    payload: fc.option(anyPayload, { nil: undefined }),
  })
  .map(twinNormal);

/** Fields that the makers of requests, responses and events can bring about: no empty payload, an event's second word 0. */
export const anyMadeFields: fc.Arbitrary<TwinFields> = anyFields.map((fields) =>
  twinNormal({
    ...fields,
    type: fields.type === 8 ? 1 : fields.type,
    aux2: fields.type === 4 ? 0 : fields.aux2,
    payload: fields.payload?.length === 0 ? undefined : fields.payload,
  }),
);

/** The message of such fields, made the way a program makes it. */
export function make(fields: TwinFields): Message {
  const { type, aux1, aux2, routes, ...rest } = fields;
  const common = { ...rest, routes: routes ?? null };
  if (type === MessageType.REQUEST) return Message.request({ ...common, nodeid: aux1, matchtag: aux2 });
  if (type === MessageType.RESPONSE) return Message.response({ ...common, errnum: aux1, matchtag: aux2 });
  return Message.event({ ...common, seq: aux1 });
}

import { errnoName } from "../base/index.ts";
import type { JsonObject } from "../json/index.ts";
import { MessageType } from "../message/index.ts";
import type { Colors } from "./colors.ts";
import { indentJson } from "./indent-json.ts";
import { localMinute } from "./local-minute.ts";

/** A message that was received or sent, as module.trace tells of those of a module, overlay.trace of those between neighbours in the tree. */
export interface TraceRecord {
  /** Seconds since the epoch. */
  readonly timestamp: number;
  /** `rx` or `tx`. */
  readonly prefix: string;
  /** The module; null between neighbours. */
  readonly name?: string | null;
  /** The neighbour, -1 for all children. */
  readonly rank?: number;
  readonly type: number;
  readonly topic: string;
  readonly payload_size: number;
  readonly payload?: JsonObject | null;
  readonly errnum?: number;
  readonly errstr?: string;
}

export interface TraceLineOptions {
  /** Times for people: a date when the minute changes, otherwise seconds within it. */
  readonly human: boolean;
  /** With `human`: seconds since the message before. */
  readonly delta: boolean;
  /** Width of the names. */
  readonly width: number;
  readonly colors: Colors;
}

const SIGNS: Readonly<Record<number, string>> = {
  [MessageType.REQUEST]: ">",
  [MessageType.RESPONSE]: "<",
  [MessageType.EVENT]: "e",
  [MessageType.CONTROL]: "c",
};

/** Prints the records of a trace, one after the other. Source: flux-module(1) and flux-overlay(1), `trace`. */
export class TraceLines {
  readonly #options: TraceLineOptions;
  /** The minute of the latest date, and the time of the latest record, in seconds. */
  #minute = -1;
  #latest = 0;

  constructor(options: TraceLineOptions) {
    this.#options = options;
  }

  format(record: TraceRecord): string {
    const { human } = this.#options;
    const { type, topic, payload_size: size, errnum = 0 } = record;
    const outcome =
      type !== MessageType.RESPONSE
        ? ""
        : errnum === 0
          ? " success"
          : ` ${errnoName(errnum) ?? `errno ${errnum}`}`;
    const line = `${this.#where(record)} ${SIGNS[type] ?? "?"} ${topic} [${formatSize(size)}]${outcome}`;
    const below = detail(record);
    const text = below === "" ? line : `${line}\n${below}`;
    const time = human ? `${this.#humanTime(record.timestamp)} ` : this.#time(record.timestamp);
    return `${time} ${this.#paint(type, errnum, text)}`;
  }

  #where({ name, prefix, rank = -1 }: TraceRecord): string {
    if (typeof name === "string") return `${name.padStart(this.#options.width)} ${prefix}`;
    return `${prefix} ${rank < 0 ? "*" : rank}`;
  }

  #time(seconds: number): string {
    const date = new Date(seconds * 1000);
    const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
    return this.#options.colors.green(local.toISOString().slice(0, 23));
  }

  #humanTime(seconds: number): string {
    const { colors } = this.#options;
    const minute = Math.floor(seconds / 60);
    const offset = this.#options.delta ? seconds - this.#latest : seconds - minute * 60;
    this.#latest = seconds;
    if (minute === this.#minute) return colors.green(`[${`+${offset.toFixed(6)}`.padStart(11)}]`);
    this.#minute = minute;
    return colors.bold(colors.green(`[${localMinute(new Date(seconds * 1000))}]`));
  }

  #paint(type: number, errnum: number, text: string): string {
    const { colors } = this.#options;
    if (type === MessageType.RESPONSE)
      return errnum === 0 ? colors.cyan(text) : colors.bold(colors.red(text));
    if (type === MessageType.EVENT) return colors.yellow(text);
    return type === MessageType.REQUEST ? colors.bold(colors.blue(text)) : colors.bold(text);
  }
}

function detail({ errnum = 0, errstr = "", payload = null }: TraceRecord): string {
  if (errnum > 0) return errstr;
  return payload === null ? "" : indentJson(payload, 2);
}

/** A number of bytes with eight digits and a unit of 1024: `512`, `1.5K`. */
function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toPrecision(8))}${"KMGTPE"[unit - 1] ?? ""}`;
}

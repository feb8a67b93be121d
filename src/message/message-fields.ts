/** Fields of a new message; what is left out has the value of a fresh message in flux-core. */
export interface MessageFields {
  readonly topic?: string | undefined;
  /** Bytes of the payload; none or an empty array means no payload part. */
  readonly payload?: Uint8Array | undefined;
  /** Flags besides TOPIC, PAYLOAD and ROUTE, which follow from the other fields. */
  readonly flags?: number | undefined;
  readonly userid?: number | undefined;
  readonly rolemask?: number | undefined;
  /** Route stack, top (last pushed) first; null leaves the stack and its delimiter out. */
  readonly routes?: readonly string[] | null | undefined;
}

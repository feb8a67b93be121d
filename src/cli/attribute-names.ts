/** Longest wait for a broker while somebody waits for a word to be completed. */
const WAIT_MS = 1000;

/** What may be meant by the name of an attribute: those the broker has, without a broker those there may be. */
export async function attributeNames(uri: string | undefined): Promise<string[]> {
  const { connect } = await import("../connect/index.ts");
  const signal = AbortSignal.timeout(WAIT_MS);
  try {
    const flux = await connect(uri, { retries: 0, signal, onLog: () => {} });
    try {
      return await flux.attributes.list({ signal });
    } finally {
      await flux.close();
    }
  } catch {
    const { registeredAttributes } = await import("../broker/index.ts");
    return registeredAttributes();
  }
}

const LF = 0x0a;
const CR = 0x0d;
const NUL = 0x00;

/** The lines of a stream as bytes, UTF-8 or not, each as soon as it is whole: up to a NUL, without line ends, empty ones left out. */
export async function* byteLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let parts: Uint8Array[] = [];
  const take = (last: Uint8Array): Uint8Array => {
    const line = Buffer.concat([...parts, last]);
    parts = [];
    const nul = line.indexOf(NUL);
    return nul < 0 ? line : line.subarray(0, nul);
  };
  for await (const chunk of stream) {
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      if (chunk[i] !== LF && chunk[i] !== CR) continue;
      const line = take(chunk.subarray(start, i));
      start = i + 1;
      if (line.length > 0) yield line;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  const line = take(new Uint8Array(0));
  if (line.length > 0) yield line;
}

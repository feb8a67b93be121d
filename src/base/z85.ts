const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/** Bytes as Z85 text, five characters for each four bytes. Source: ZeroMQ's RFC 32. */
export function encodeZ85(bytes: Uint8Array): string {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let text = "";
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const word = words.getUint32(at);
    for (let power = 85 ** 4; power >= 1; power /= 85) text += ALPHABET[Math.floor(word / power) % 85];
  }
  return text;
}

/** The bytes of Z85 text; undefined for other text. */
export function decodeZ85(text: string): Uint8Array | undefined {
  if (text.length % 5 !== 0) return undefined;
  const bytes = new Uint8Array((text.length / 5) * 4);
  const words = new DataView(bytes.buffer);
  for (let at = 0; at < text.length; at += 5) {
    let word = 0;
    for (const character of text.slice(at, at + 5)) {
      const digit = ALPHABET.indexOf(character);
      if (digit < 0) return undefined;
      word = word * 85 + digit;
    }
    if (word > 0xffffffff) return undefined;
    words.setUint32((at / 5) * 4, word);
  }
  return bytes;
}

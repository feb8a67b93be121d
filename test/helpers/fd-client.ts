/** A program that finds its broker at a descriptor: asks it for `echo.text` and prints what comes of it. */
import { connect } from "../../src/connect/index.ts";

try {
  await using flux = await connect(process.argv[2], { env: {} });
  const { text } = await flux.call("echo.text", "hello");
  process.stdout.write(`${flux.uri} ${text}`);
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  process.stdout.write(`${code} ${message}`);
}

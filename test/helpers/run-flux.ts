import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What flux(1) of flux-core prints, with these variables besides those of this process; fails when it does. */
export async function runFlux(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await run("flux", words, { env: { ...process.env, ...env } });
  return stdout.trimEnd();
}

import { hostname } from "node:os";
import type { CurveCert } from "../../config/index.ts";
import { type Command, command } from "../commander.ts";
import { usageError } from "../failure.ts";
import { warn } from "../output.ts";
import { packageVersion } from "../package-version.ts";

interface KeygenOptions {
  readonly name?: string;
  readonly meta: readonly string[];
}

/** `fluxbus keygen PATH`: keys that all brokers of a system instance share. Source: flux-keygen(1). */
export function keygenCommand(): Command {
  return command("keygen")
    .description("write a certificate with new keys for the brokers of an instance")
    .argument("[path]", "the file, which only its owner may read")
    .option("-n, --name <NAME>", "name of the certificate, for the log (default: the name of this host)")
    .option("--meta <KEY=VAL>", "add metadata, separated by commas; may be given again", collect, [])
    .action(async (path: string | undefined, options: KeygenOptions) => {
      const [{ isCurveMetadata, writeCurveCert }, { generateCurveKeys }] = await Promise.all([
        import("../../config/index.ts"),
        import("../../overlay/index.ts"),
      ]);
      const metadata = metadataOf(options);
      for (const [key, value] of metadata) {
        if (!isCurveMetadata(key, value)) throw usageError(`metadata can't hold ${key}=${value}`);
      }
      if (path === undefined) {
        warn("fluxbus keygen: WARNING: add PATH argument to save generated certificate");
        return;
      }
      await writeCurveCert(path, { ...generateCurveKeys(), metadata });
    });
}

/** What was asked for, and behind it what isn't there yet of the rest. */
function metadataOf({ name, meta }: KeygenOptions): CurveCert["metadata"] {
  const metadata = new Map<string, string>();
  const add = (key: string, value: string): void => {
    if (!metadata.has(key)) metadata.set(key, value);
  };
  if (name !== undefined) add("name", name);
  for (const entry of meta) {
    const [key, ...rest] = entry.split("=");
    add(key!, rest.join("="));
  }
  // Host names that the format has no characters for are the exception: the name is for people only.
  const host = hostname().replace(/[^A-Za-z0-9.-]/g, "-");
  add("name", host);
  add("keygen.hostname", host);
  add("keygen.time", localTime(new Date()));
  add("keygen.userid", String(process.getuid?.() ?? 0));
  add("keygen.fluxbus-version", packageVersion());
  return metadata;
}

function collect(text: string, before: readonly string[]): string[] {
  return [...before, ...text.split(",").filter((entry) => entry !== "")];
}

/** As strftime(3) writes `%Y-%m-%dT%T` of local time. */
function localTime(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The command line of this package, as a shell takes it. */
export const FLUXBUS = `${process.execPath} --import tsx ${join(import.meta.dirname, "../../src/cli/main.ts")}`;

/** Runs the command here instead of there, and says which one on stderr. */
const LOCALLY = `
port=; [ "$1" = -p ] && { port=" port=$2"; shift 2; }
[ "$1" = -- ] && shift
echo "fake ssh: host=$1$port" >&2
shift
echo "fake ssh: $*" >&2
unset FLUX_URI
exec /bin/sh -c "$*"
`;

/** A remote shell that leads to this very host, in a folder of its own. */
export class FakeSsh implements Disposable {
  /** What FLUX_SSH is set to. */
  readonly path: string;
  readonly #folder: string;

  constructor(script = LOCALLY) {
    this.#folder = mkdtempSync(join(tmpdir(), "fake-ssh-"));
    this.path = join(this.#folder, "ssh");
    writeFileSync(this.path, `#!/bin/sh\n${script}`);
    chmodSync(this.path, 0o700);
  }

  /** The variables of a client, whose relay at the other end is that of this package unless `relay` names another. */
  env(relay: string | undefined = FLUXBUS): Record<string, string | undefined> {
    return { FLUX_SSH: this.path, FLUX_SSH_RCMD: relay };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

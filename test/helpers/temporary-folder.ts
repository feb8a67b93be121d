import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A temporary folder with files in it; `await using` removes it. */
export class TemporaryFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes a folder with files: names, which may have folders in them, and contents. */
  static async make(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<TemporaryFolder> {
    const made = new TemporaryFolder(await mkdtemp(join(tmpdir(), "flux-")));
    for (const [name, content] of Object.entries(files)) await made.write(name, content);
    return made;
  }

  /** Where a file of this name is. */
  of(name: string): string {
    return join(this.path, name);
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(this.of(name)), { recursive: true });
    await writeFile(this.of(name), content);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

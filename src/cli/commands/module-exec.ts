import { clientCommand } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { Failure, usageError } from "../failure.ts";
import { warn } from "../output.ts";

interface ModuleExecOptions {
  readonly uri?: string;
  readonly name?: string;
  readonly trustForeignUri?: true;
}

const HELP = `
A broker that loads a module with --exec runs this with FLUX_MODULE_URI set. Without it the module runs in test mode: as an ordinary client
of a broker, which serves the module's name and ends with SIGINT, SIGTERM or a NAME.shutdown request.`;

/** `fluxbus module-exec [--name NAME] PATH [ARGS...]`. Source: module_exec.c in flux-core. */
export function moduleExecCommand(): Command {
  return clientCommand("module-exec")
    .description("run a module in this process")
    .argument("<path>", "file of the ES module; in test mode also the name of one of this package")
    .argument("[args...]", "arguments of the module, in test mode")
    .option("--name <NAME>", "name of the module in test mode, instead of its file's")
    .passThroughOptions()
    .addHelpText("after", HELP)
    .action(async (path: string, args: string[], options: ModuleExecOptions) => {
      const uri = process.env["FLUX_MODULE_URI"];
      if (uri === undefined) {
        await runInTestMode(path, args, options);
        return;
      }
      if (args.length > 0) throw usageError("FLUX_MODULE_URI and free arguments are incompatible");
      if (options.name !== undefined) throw usageError("FLUX_MODULE_URI and --name are incompatible");
      const { execModule } = await import("../../module/index.ts");
      await execModule(uri, path);
    });
}

/** As a client: what a broker does for its modules is asked for, and nobody hears of states. */
async function runInTestMode(
  path: string,
  args: readonly string[],
  options: ModuleExecOptions,
): Promise<void> {
  const [{ connect }, { importModule, installedModule, ModuleRunner, nameOf }, { randomUUID }] =
    await Promise.all([
      import("../../connect/index.ts"),
      import("../../module/index.ts"),
      import("node:crypto"),
    ]);
  const name = options.name ?? nameOf(path);
  warn("fluxbus module-exec: loading module in test mode");
  const runner = new ModuleRunner({ name, uuid: randomUUID(), args });
  await using flux = await connect(options.uri, {
    trustForeignUri: options.trustForeignUri,
    ...runner.fluxOptions,
  });
  const config = await flux.rpc("config.get");
  await using _service = await flux.serve(name, {});
  const end = (): void => runner.end(undefined);
  process.once("SIGINT", end).once("SIGTERM", end);
  const failure = await runner.run(flux, { rank: await flux.rank(), config }, () =>
    importModule(installedModule(path)?.path ?? path),
  );
  process.removeListener("SIGINT", end).removeListener("SIGTERM", end);
  if (failure !== undefined) throw new Failure("module failed", failure);
}

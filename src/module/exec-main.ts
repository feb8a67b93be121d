/** The process of a module that is loaded with `--exec`: takes the module's file as its argument. */
import { describeThrown } from "../client/index.ts";
import { ignoreErrorsOf, writeStderr } from "../system/index.ts";
import { execModule } from "./exec-module.ts";

const { FLUX_MODULE_URI: uri = "" } = process.env;
ignoreErrorsOf(process.stdout, process.stderr);
try {
  await execModule(uri, process.argv[2] ?? "");
  // Whatever the module has left open ends with it.
  process.exit(0);
} catch (thrown) {
  writeStderr(`fluxbus module-exec: ${describeThrown(thrown)}\n`);
  process.exit(1);
}

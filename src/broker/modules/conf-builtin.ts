import { dirname, join } from "node:path";
import { FluxError, shortText } from "../../base/index.ts";
import type { Request } from "../../client/index.ts";
import type { JsonObject } from "../../json/index.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The folder of flux-core's commands below its prefix. */
const COMMANDS = /\/libexec\/flux\/cmd$/;

/**
 * `broker.conf-builtin`: where things are that flux-core has compiled in. Keys that are no text are skipped.
 * @throws FluxError EPROTO when there is no list of keys, EINVAL for an unknown key.
 */
export function confBuiltin(request: Request, env: Environment): void {
  const [keys] = request.unpack("{s:o}", "keys");
  if (!Array.isArray(keys)) throw new FluxError("EPROTO");
  const known = builtinValues(env);
  const values: Record<string, string> = {};
  for (const key of keys) {
    if (typeof key !== "string") continue;
    const value = known[key];
    if (typeof value !== "string") throw new FluxError("EINVAL", `${shortText(key)}: invalid key`);
    values[key] = value;
  }
  request.respond({ values });
}

/**
 * The values of an installation of flux-core: of that whose flux(1) started the broker, which its FLUX_EXEC_PATH tells, else
 * of one in /usr. What the environment says itself comes first.
 */
export function builtinValues(env: Environment): JsonObject {
  const commands = env["FLUX_EXEC_PATH"]?.split(":").find((folder) => COMMANDS.test(folder));
  const prefix = commands?.replace(COMMANDS, "") ?? "/usr";
  const isSystem = prefix === "/usr" || prefix === "";
  const below = (...names: string[]): string => join(prefix === "" ? "/" : prefix, ...names);
  // A distribution keeps these outside its prefix.
  const sysconf = isSystem ? "/etc" : below("etc");
  const modules = env["FLUX_MODULE_PATH"] ?? below("lib", "flux", "modules");
  const lib = isSystem ? below("lib", "flux") : dirname(modules.split(":").at(-1)!);
  return Object.assign(Object.create(null), {
    confdir: join(sysconf, "flux"),
    libexecdir: below("libexec", "flux"),
    datadir: below("share", "flux"),
    lua_cpath_add: below("lib", "lua", "5.1", "?.so"),
    lua_path_add: below("share", "lua", "5.1", "?.lua"),
    python_path: env["FLUX_PYTHONPATH_PREPEND"] || join(lib, "python3"),
    python_wrapper: below("libexec", "flux", "cmd", "py-runner.py"),
    man_path: below("share", "man"),
    exec_path: env["FLUX_EXEC_PATH"] || below("libexec", "flux", "cmd"),
    connector_path: env["FLUX_CONNECTOR_PATH"] || join(lib, "connectors"),
    module_path: modules,
    rc1_path: "flux modprobe rc1",
    rc3_path: "flux modprobe rc3",
    cmdhelp_pattern: below("share", "flux", "help.d", "*.json"),
    pmi_library_path: join(lib, "libpmi.so"),
    shell_path: below("libexec", "flux", "flux-shell"),
    shell_pluginpath: join(lib, "shell", "plugins"),
    shell_initrc: join(sysconf, "flux", "shell", "initrc.lua"),
    jobtap_pluginpath: join(lib, "job-manager", "plugins"),
    upmi_pluginpath: join(lib, "upmi", "plugins"),
    no_docs_path: below("share", "flux", ".nodocs"),
    rundir: "/run/flux",
  });
}

export { Instance, type InstanceOptions } from "./instance.ts";
export { type CommandLine, commandLine, leadsGroup, Program } from "./program.ts";
export { RUNDIR_MAX, Rundir } from "./rundir.ts";
export { setStartAttributes } from "./start-attributes.ts";
export { StderrLog } from "./stderr-log.ts";

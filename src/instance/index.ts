export { type CommandLine, commandLine, InitialProgram } from "./initial-program.ts";
export { Instance, type InstanceOptions } from "./instance.ts";
export { type InstanceAttributes, readInstanceAttributes } from "./instance-attributes.ts";
export { RUNDIR_MAX, Rundir } from "./rundir.ts";
export { formatStderrLine, StderrLog } from "./stderr-log.ts";

export { type CommandLine, commandLine, InitialProgram } from "./initial-program.ts";
export { Instance, type InstanceOptions } from "./instance.ts";
export { type InstanceAttributes, readInstanceAttributes } from "./instance-attributes.ts";
export { findParent, PARENT_WAIT_MS, type Parent } from "./parent.ts";
export { RUNDIR_MAX, Rundir } from "./rundir.ts";
export { formatStderrLine, parseSeverity, STDERR_LEVEL, StderrLog } from "./stderr-log.ts";

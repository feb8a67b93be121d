export {
  defineModule,
  type ModuleContext,
  type ModuleDefinition,
  type ModuleMain,
  type ModuleStop,
} from "./definition.ts";
export { execModule } from "./exec-module.ts";
export { importModule, nameOf } from "./module-file.ts";
export { installedModule, ModuleLoaders } from "./module-loaders.ts";
export { type ModuleIdentity, ModuleRunner } from "./module-runner.ts";

/** `fluxbus/broker`: a broker inside your program, or a whole instance. */
export {
  type AccessControl,
  type AccessTable,
  AttributeTable,
  Broker,
  type BrokerOptions,
  type BrokerStats,
  CLIENT_QUEUE_BYTES,
  FLUX_VERSION,
  INGRESS_LIMITS,
  type IngressLimits,
  type IngressOptions,
  type ModuleConfig,
  type ModuleEnd,
  type ModuleLoader,
  type ModuleRun,
  type ModuleSource,
  type ModuleSurroundings,
  type ModuleTarget,
  type NameDatabase,
  type RefusedCounters,
  type SlowClientPolicy,
  type SlowCounters,
} from "../broker/index.ts";
export type { LogLevel, LogRecord, Method, Methods } from "../client/index.ts";
export {
  type ConfigListener,
  type ConfigSources,
  ConfigStore,
  type ConfigStoreOptions,
  configMethods,
  openConfig,
} from "../config/index.ts";
export {
  type DiskLimits,
  type DiskLog,
  type DiskLogOptions,
  type DiskNotice,
  type DiskStats,
  openDiskLog,
  type RingLimits,
} from "../event-log/index.ts";
export {
  type Boot,
  type BootProvider,
  type BrokerState,
  InProcessInstance,
  type InProcessInstanceOptions,
  Instance,
  type InstanceOptions,
  type TreeCarrier,
} from "../instance/index.ts";
export {
  defineModule,
  type ModuleContext,
  type ModuleDefinition,
  ModuleLoaders,
  type ModuleMain,
  type ModuleStop,
} from "../module/index.ts";
export type { Traffic } from "../overlay/index.ts";

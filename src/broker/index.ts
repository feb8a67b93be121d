export type { AccessControl } from "./access-control.ts";
export { type NameDatabase, SystemNames, type SystemNamesOptions } from "./access-names.ts";
export { type AccessTable, parseAccess, type RoleRule } from "./access-table.ts";
export type { AccountCounters, GuestLimits } from "./accounts.ts";
export { type AccessPolicy, connectionCredential } from "./admission-policy.ts";
export { registeredAttributes } from "./attribute-register.ts";
export { AttributeTable } from "./attribute-table.ts";
export { Broker } from "./broker.ts";
export { type BrokerOptions, type BrokerStats, CLIENT_QUEUE_BYTES, FLUX_VERSION } from "./broker-options.ts";
export type { ConnectionLimits } from "./connection-limits.ts";
export { textField } from "./connector-service.ts";
export { type Decision, decideRequest, type RoutingView } from "./decide.ts";
export { Disconnects } from "./disconnects.ts";
export { INGRESS_LIMITS, Ingress, type IngressLimits, type IngressOptions } from "./ingress.ts";
export { LocalServer } from "./local-server.ts";
export { earlyLogLine } from "./log-line.ts";
export type {
  ModuleConfig,
  ModuleEnd,
  ModuleLoader,
  ModuleRun,
  ModuleSource,
  ModuleSurroundings,
  ModuleTarget,
} from "./module-loader.ts";
export { Groups, type GroupsOptions, type Members } from "./modules/groups.ts";
export { NOT_TRACKED } from "./origin.ts";
export { Refusals, type RefusedCounters } from "./refusals.ts";
export type { SlowClientPolicy, SlowCounters } from "./slow-clients.ts";
export type { Downlink, Uplink } from "./uplink.ts";

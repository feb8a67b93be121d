import type { Methods } from "../client/index.ts";
import { DebugFlags } from "../methods/index.ts";
import type { AccessControl } from "./access-control.ts";
import type { AttributeTable } from "./attribute-table.ts";
import type { GuestStats } from "./broker-options.ts";
import type { LogBuffer } from "./log-buffer.ts";
import type { ModuleHost } from "./module-host.ts";
import { type AskService, attrMethods } from "./modules/attr.ts";
import { brokerMethods } from "./modules/broker.ts";
import { connectorLocalMethods } from "./modules/connector-local.ts";
import type { Groups } from "./modules/groups.ts";
import { heaptraceMethods } from "./modules/heaptrace.ts";
import { logMethods } from "./modules/log.ts";
import { moduleMethods } from "./modules/module.ts";
import type { Router } from "./router.ts";

/** The parts of a broker that its own services speak for. */
export interface BrokerParts {
  readonly rank: number;
  readonly uuid: string;
  readonly router: Router;
  readonly attributes: AttributeTable;
  readonly access: AccessControl;
  readonly groups: Groups;
  readonly log: LogBuffer;
  readonly modules: ModuleHost;
  /** Calls a service. */
  readonly ask: AskService;
  /** Hears of a change of an attribute before it is made; may throw. */
  readonly onSetAttribute: (name: string, value: string) => void;
  /** Connections that were admitted so far. */
  readonly connects: () => number;
  /** What guests hold. */
  readonly guests: () => GuestStats;
}

/** The services every broker has, by name, but for `event`, which the router answers itself. */
export function ownServices(parts: BrokerParts): Readonly<Record<string, Methods>> {
  const { rank, uuid, router, attributes, access, groups, log, modules } = parts;
  const { rx, tx } = router;
  return {
    broker: brokerMethods({ rank, uuid, rx, tx, debug: new DebugFlags() }),
    attr: attrMethods(attributes, parts.ask, parts.onSetAttribute),
    service: {},
    heaptrace: heaptraceMethods(),
    log: logMethods(log),
    module: moduleMethods(modules),
    "connector-local": connectorLocalMethods(router, access, parts),
    groups: groups.methods,
  };
}

/** Methods that a guest may call, or try to. */
export const METHODS = [
  "attr.get",
  "attr.list",
  "attr.set",
  "broker.conf-builtin",
  "broker.debug",
  "broker.ping",
  "broker.rusage",
  "broker.stats-get",
  "config.get",
  "config.update",
  "connector-local.ping",
  "connector-local.stats-get",
  "event.publish",
  "event.replay",
  "event.stat",
  "event.subscribe",
  "event.unsubscribe",
  "groups.get",
  "groups.join",
  "groups.stats-get",
  "groups.update",
  "heaptrace.start",
  "log.append",
  "log.dmesg",
  "module.list",
  "module.load",
  "overlay.health",
  "overlay.stats-get",
  "overlay.topology",
  "rexec.exec",
  "rexec.list",
  "runat.push",
  "service.add",
  "service.remove",
  "state-machine.get",
  "state-machine.monitor",
  "state-machine.wait",
] as const;

/** Methods that parse what any guest sends. */
export const PARSED = [
  "attr.get",
  "broker.ping",
  "broker.rusage",
  "config.get",
  "connector-local.ping",
  "event.publish",
  "event.replay",
  "event.subscribe",
  "event.unsubscribe",
  "groups.get",
  "overlay.health",
  "overlay.ping",
  "overlay.topology",
  "rexec.ping",
  "service.add",
  "service.remove",
  "state-machine.monitor",
  "state-machine.ping",
] as const;

/** Methods that end what others began. */
export const ENDS = [
  "config.cancel",
  "config.disconnect",
  "event.cancel",
  "event.disconnect",
  "groups.cancel",
  "groups.disconnect",
  "log.cancel",
  "log.disconnect",
  "module.disconnect",
  "overlay.cancel",
  "overlay.disconnect",
  "rexec.cancel",
  "rexec.disconnect",
  "runat.disconnect",
  "state-machine.cancel",
  "state-machine.disconnect",
] as const;

/** The owner's services: one that this project's client serves, and one with frames of its own. */
export const OWNER_SERVICE = "bank";
export const OWNER_LIBRARY_SERVICE = "shop";
/** The guest's service that the owner calls whenever it is there. */
export const LURE = "65534-lure";

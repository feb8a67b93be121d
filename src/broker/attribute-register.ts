/** What may be done with an attribute. Without `runtime` and `immutable` an update needs force. */
export interface AttributeFlags {
  /** Never changes once it is set, so that clients may keep it. */
  readonly immutable: boolean;
  /** May not be set on the command line: the broker finds it out. */
  readonly readonly: boolean;
  /** May be updated at run time without force. */
  readonly runtime: boolean;
  /** Overrides a value of the configuration files. */
  readonly config: boolean;
}

/** Names with the letters of their flags: i immutable, r readonly, u runtime updates, c config. A name may end with `*`. */
const REGISTER: Readonly<Record<string, string>> = {
  ri:
    "rank size security.owner parent-uri instance-level jobid jobid-path parent-kvs-namespace broker.mapping broker.pid " +
    "broker.starttime broker.uuid",
  r: "version tbon.descendants tbon.level tbon.maxlevel tbon.endpoint tbon.parent-endpoint test-ro.*",
  i:
    "rundir-cleanup statedir-cleanup local-uri hostlist hostname broker.critical-ranks broker.boot-method broker.quorum " +
    "broker.quorum-warn broker.shutdown-warn broker.shutdown-timeout broker.sd-stop-timeout config.path log-ring-size " +
    "log-forward-level log-critical-level log-syslog-enable log-syslog-level log-stderr-mode log-level log-ring-bytes log-record-bytes content.hash " +
    "tbon.guest-requests tbon.guest-request-bytes tbon.handshakes tbon.handshake-timeout test-im.*",
  "":
    "rundir statedir broker.cleanup-timeout broker.unload-builtins-timeout broker.rc1_path broker.rc3_path broker.rc2_none " +
    "broker.rc2_pgrp broker.sd-notify broker.exit-norestart broker.recovery-mode tbon.prefertcp tbon.fanout log-filename " +
    "content.backing-module cron.directory test-nr.*",
  u:
    "broker.exit-restart broker.module-nopanic conf.shell_initrc conf.shell_pluginpath log-stderr-level content.dump " +
    "content.restore test.* test-rd.*",
  ui: "vendor.*",
  uci: "tbon.interface-hint",
  ic:
    "event-log.path event-log.sync event-log.disk-events event-log.disk-bytes event-log.disk-age event-log.ring-events " +
    "event-log.ring-bytes event-log.ring-age",
  c:
    "tbon.topo tbon.zmqdebug tbon.zmq_io_threads tbon.child_rcvhwm tbon.torpid_min tbon.torpid_max tbon.tcp_user_timeout " +
    "tbon.connect_timeout",
};

/** Who decides on an update, by name: the topic of a request with `{"name", "value"}`. */
const REDIRECTS: readonly (readonly [pattern: string, topic: string])[] = [
  ["test-rd.*", "testrd.setattr"],
  ["log-stderr-level", "log.setattr"],
];

const exact = new Map<string, AttributeFlags>();
const prefixes: (readonly [prefix: string, flags: AttributeFlags])[] = [];

for (const [letters, names] of Object.entries(REGISTER)) {
  const flags: AttributeFlags = {
    immutable: letters.includes("i"),
    readonly: letters.includes("r"),
    runtime: letters.includes("u"),
    config: letters.includes("c"),
  };
  for (const name of names.split(" ")) {
    if (name.endsWith("*")) prefixes.push([name.slice(0, -1), flags]);
    else exact.set(name, flags);
  }
}

/** The flags of a name; undefined for one that is not registered. Source: flux-broker-attributes(7). */
export function attributeFlags(name: string): AttributeFlags | undefined {
  return exact.get(name) ?? prefixes.find(([prefix]) => name.startsWith(prefix))?.[1];
}

/** The names that are registered, sorted, without those that end with anything. */
export function registeredAttributes(): string[] {
  return [...exact.keys()].sort();
}

/** The topic of who decides on updates of a name; undefined when the table does. */
export function attributeRedirect(name: string): string | undefined {
  return REDIRECTS.find(([pattern]) => matches(pattern, name))?.[1];
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

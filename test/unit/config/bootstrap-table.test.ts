import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBootstrapTable } from "../../../src/config/index.ts";
import type { JsonValue } from "../../../src/json/index.ts";

const parse = (bootstrap: JsonValue, hostname = "n0") => parseBootstrapTable({ bootstrap }, hostname);

test("without hosts a broker is by itself", () => {
  assert.equal(parseBootstrapTable({}, "n0"), undefined);
  const alone = { host: "n0", bind: undefined, connect: undefined, parent: undefined };
  for (const table of [{}, { hosts: [] }])
    assert.deepEqual(parse(table), { enableIpv6: false, curveCert: undefined, hosts: [alone] });
});

test("lists of hosts are written out, each host once, with defaults and tokens filled in", () => {
  const table = parse({
    curve_cert: "/etc/cert",
    default_port: 8050,
    default_bind: "tcp://%h:%p",
    default_connect: "tcp://%h.ib:%p/100%%%x",
    enable_ipv6: true,
    hosts: [
      { host: "n[0-2]" },
      { host: "n1", bind: "ipc:///run/%h", parent: "n2" },
      { host: "n[1,3]", bind: "ipc:///late" },
    ],
  });
  assert.equal(table?.enableIpv6, true);
  assert.equal(table?.curveCert, "/etc/cert");
  const host = (name: string, bind = `tcp://${name}:8050`, parent?: string) => ({
    host: name,
    bind,
    connect: `tcp://${name}.ib:8050/100%%x`,
    parent,
  });
  assert.deepEqual(table?.hosts, [
    host("n0"),
    host("n1", "ipc:///run/n1", "n2"),
    host("n2"),
    host("n3", "ipc:///late"),
  ]);
});

test("tables that are none", () => {
  const hosts = (...entries: JsonValue[]) => ({ curve_cert: "c", hosts: [{ host: "n0" }, ...entries] });
  const uri = (bind: string) => hosts({ host: "n1", bind });
  const table: readonly (readonly [JsonValue, string])[] = [
    [{ hosts: 42 }, "must be array type"],
    [{ host: [] }, "1 object item(s) left unpacked: host"],
    [{ curve_cert: 1 }, "Expected string, got integer"],
    [{ default_port: 65536 }, "default_port must be in the range of 0-65535"],
    [{ hosts: [42] }, "invalid hosts[0]: Expected object, got integer"],
    [{ hosts: [{}] }, "invalid hosts[0]: Object item not found: host"],
    [hosts({ host: "n1", extra: 1 }), "invalid hosts[1]: 1 object item(s) left unpacked: extra"],
    [hosts({ host: "foo[0-254}" }), "invalid hosts[1]: host key is not a valid RFC 29 hostlist"],
    [hosts({ host: "n1", parent: "no" }), "invalid hosts[1]: parent key refers to unknown host"],
    [hosts({ host: "n1", parent: "n1" }), "invalid hosts[1]: parent key refers to self"],
    [hosts({ host: "-n1" }), "invalid hosts[1]: -n1 domain label must not start or end with '-'"],
    [hosts({ host: "n_1" }), "invalid hosts[1]: n_1 domain label contains invalid character '_' (0x5f)"],
    [hosts({ host: "x".repeat(64) }), `invalid hosts[1]: ${"x".repeat(64)} must be 1-63 characters`],
    [
      hosts({ host: "x.".repeat(127) }),
      `invalid hosts[1]: ${"x.".repeat(127)} domain must be 1-253 characters`,
    ],
    [uri("n1:80"), "invalid hosts[1]: bind key n1:80 has no URI scheme"],
    [uri("tcp://n1:*"), "invalid hosts[1]: bind key tcp://n1:* contains 0MQ port wildcard"],
    [uri("tcp://"), "invalid hosts[1]: bind key tcp:// address is empty"],
    [uri("ipc://"), "invalid hosts[1]: bind key ipc:// socket path is empty"],
    [uri("udp://n1:80"), "invalid hosts[1]: bind key udp://n1:80 URI scheme must be tcp or ipc"],
    [uri(`tcp://${"x".repeat(2050)}`), "invalid hosts[1]: bind key is too long"],
    [{ hosts: [{ host: "n1" }] }, "n0 not found in hosts"],
    [{ hosts: [{ host: "n[0-1]" }] }, "curve_cert must be defined for size > 1"],
  ];
  for (const [bootstrap, text] of table) {
    const message = `Config file error [bootstrap]: ${text}`;
    assert.throws(() => parse(bootstrap), { code: "EINVAL", message }, text);
  }
});

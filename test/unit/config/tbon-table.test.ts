import assert from "node:assert/strict";
import { test } from "node:test";
import { applyTbonTable, updateTbonTable } from "../../../src/config/index.ts";
import { type JsonValue, real } from "../../../src/json/index.ts";

/** Attributes in a map, which is returned after `tbon` was applied. */
function applied(
  tbon: JsonValue | undefined,
  given: Record<string, string> = {},
  env = {},
): Map<string, string> {
  const values = new Map(Object.entries(given));
  applyTbonTable(tbon === undefined ? {} : { tbon }, attributesOf(values), env);
  return values;
}

function attributesOf(values: Map<string, string>) {
  return {
    get: (name: string) => values.get(name),
    define: (name: string, value: string) => void values.set(name, value),
  };
}

test("the attributes of the tree by default", () => {
  assert.deepEqual(Object.fromEntries(applied(undefined)), {
    "tbon.prefertcp": "0",
    "tbon.interface-hint": "default-route",
    "tbon.topo": "kary:32",
    "tbon.torpid_min": "5s",
    "tbon.torpid_max": "30s",
    "tbon.tcp_user_timeout": "20s",
    "tbon.connect_timeout": "30s",
    "tbon.zmqdebug": "0",
    "tbon.child_rcvhwm": "0",
    "tbon.zmq_io_threads": "1",
  });
});

test("what the table says, and the command line over it", () => {
  const table = {
    topo: "binomial",
    torpid_min: "2s",
    torpid_max: "0",
    tcp_user_timeout: "0.5m",
    connect_timeout: "0",
    zmqdebug: 1,
    child_rcvhwm: 5,
    zmq_io_threads: 4,
    "interface-hint": "eth0",
  };
  const values = applied(table);
  const get = (name: string) => values.get(`tbon.${name}`);
  assert.deepEqual([get("topo"), get("torpid_min"), get("torpid_max")], ["binomial", "2s", "0s"]);
  assert.deepEqual([get("tcp_user_timeout"), get("connect_timeout")], ["30s", "0s"]);
  assert.deepEqual([get("zmqdebug"), get("child_rcvhwm"), get("zmq_io_threads")], ["1", "5", "4"]);
  assert.equal(get("interface-hint"), "eth0");
  const given = {
    "tbon.topo": "kary:16",
    "tbon.torpid_max": "1h",
    "tbon.tcp_user_timeout": "60m",
    "tbon.child_rcvhwm": "+2",
    "tbon.interface-hint": "hostname",
  };
  const over = applied(table, given);
  assert.deepEqual(
    Object.keys(given).map((name) => over.get(name)),
    ["kary:16", "1h", "1h", "2", "hostname"],
  );
});

test("the topology and the hint where nobody says", () => {
  assert.equal(applied({ topo: "kary:2" }, { "tbon.fanout": "8" }).get("tbon.topo"), "kary:8");
  const custom = new Map<string, string>();
  applyTbonTable({ bootstrap: {} }, attributesOf(custom));
  assert.equal(custom.get("tbon.topo"), "custom");
  const hint = (env: object) => applied(undefined, {}, env).get("tbon.interface-hint");
  assert.equal(hint({ FLUX_IPADDR_INTERFACE: "ib0", FLUX_IPADDR_HOSTNAME: "1" }), "ib0");
  assert.equal(hint({ FLUX_IPADDR_HOSTNAME: "1" }), "hostname");
});

test("values that are none", () => {
  const table: readonly (readonly [JsonValue, Record<string, string>, string])[] = [
    [{ tcp_user_timeout: 42 }, {}, "Config file error [tbon]: Expected string, got integer"],
    [{ tcp_user_timeout: "zzz" }, {}, "Config file error parsing tbon.tcp_user_timeout"],
    [{}, { "tbon.connect_timeout": "zzz" }, "Error parsing tbon.connect_timeout attribute"],
    [{ zmqdebug: "notint" }, {}, "Config file error [tbon]: Expected integer, got string"],
    [{ zmqdebug: real(1) }, {}, "Config file error [tbon]: Expected integer, got real"],
    [{}, { "tbon.zmqdebug": "zzz" }, "tbon.zmqdebug value must be an integer"],
    [{}, { "tbon.prefertcp": "1x" }, "tbon.prefertcp value must be an integer"],
    [{}, { "tbon.zmq_io_threads": "-1" }, "tbon.zmq_io_threads must be >= 1"],
    [{ child_rcvhwm: 1 }, {}, "tbon.child_rcvhwm must be 0 (unlimited) or >= 2"],
    [{}, { "tbon.child_rcvhwm": "-1" }, "tbon.child_rcvhwm must be 0 (unlimited) or >= 2"],
    [{ torpid_max: 5 }, {}, "Config file error [tbon]: Expected string, got integer"],
    [{ torpid_min: "x" }, {}, "Config file error parsing tbon.torpid_min"],
    [{}, { "tbon.torpid_max": "x" }, "error parsing tbon.torpid_max attribute"],
    [{ torpid_min: "0" }, {}, "tbon.torpid_min must be nonzero"],
    [{ torpid_min: "30s" }, {}, "tbon.torpid_min must be less than torpid_max"],
    [{ topo: "ring:2" }, {}, "Error creating ring:2 topology: unknown topology scheme 'ring'"],
    [{ topo: "kary" }, {}, "Error creating kary topology: kary k value must be an integer >= 0"],
    [{ topo: "mincrit:x" }, {}, "Error creating mincrit:x topology: mincrit k value must be an integer >= 0"],
    [{ topo: "custom:1" }, {}, "Error creating custom:1 topology: unknown custom topology directive: '1'"],
    [7, {}, "Config file error [tbon]: Expected object, got integer"],
  ];
  for (const [tbon, given, message] of table)
    assert.throws(() => applied(tbon, given), { code: "EINVAL", message }, message);
  for (const topo of ["mincrit", "mincrit:3", "kary:0", "binomial", "custom"])
    assert.equal(applied({ topo }).get("tbon.topo"), topo);
});

test("at run time the torpid times may change, and come before the attributes", () => {
  const values = applied({}, { "tbon.torpid_min": "7s" });
  const attributes = attributesOf(values);
  updateTbonTable({ tbon: { torpid_min: "3s", zmqdebug: 1, topo: "kary:2" } }, attributes);
  assert.deepEqual([values.get("tbon.torpid_min"), values.get("tbon.torpid_max")], ["3s", "30s"]);
  assert.deepEqual([values.get("tbon.zmqdebug"), values.get("tbon.topo")], ["0", "kary:32"]);
  const low = "tbon.torpid_min must be less than torpid_max";
  assert.throws(() => updateTbonTable({ tbon: { torpid_max: "1s" } }, attributes), { message: low });
  updateTbonTable({}, attributes);
  assert.deepEqual([values.get("tbon.torpid_min"), values.get("tbon.torpid_max")], ["3s", "30s"]);
});

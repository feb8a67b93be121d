import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { attributeFlags } from "../../../src/broker/attribute-register.ts";
import { AttributeTable, Broker } from "../../../src/broker/index.ts";
import { rejects } from "../../helpers/rejects.ts";

describe("attribute table", () => {
  test("the command line sets what is registered and not the broker's own", () => {
    const table = new AttributeTable();
    for (const name of ["test.a", "test-nr.a", "hostlist", "log-level", "broker.rc1_path", "vendor.pmix.x"]) {
      table.setAtStart(name, "1");
      assert.equal(table.get(name), "1");
    }
    assert.throws(() => table.setAtStart("unknownattr", "abc"), {
      code: "ENOENT",
      message: "unknown attribute",
    });
    for (const name of ["rank", "version", "parent-uri", "tbon.level", "broker.uuid", "test-ro.foo"]) {
      assert.throws(() => table.setAtStart(name, "1"), {
        code: "EINVAL",
        message: "attribute may not be set on the command line",
      });
    }
    table.setAtStart("test.a", "2");
    table.setAtStart("rundir", undefined);
    assert.deepEqual([table.get("test.a"), table.has("rundir"), table.get("rundir")], ["2", true, undefined]);
    assert.throws(() => table.setAtStart("hostlist", "2"), { code: "EPERM" });
  });

  test("the broker defines what it likes", () => {
    const table = new AttributeTable({ rank: "0" });
    table.define("rank", "1");
    table.define("parent-uri", undefined);
    table.defineDefault("rank", "2");
    table.defineDefault("parent-uri", "x");
    table.defineDefault("size", "4");
    assert.deepEqual([table.get("rank"), table.get("parent-uri"), table.get("size")], ["1", undefined, "4"]);
    assert.deepEqual(table.names(), ["rank", "parent-uri", "size"]);
  });

  test("flags are those of flux-broker-attributes(7)", () => {
    const letters = (name: string) => {
      const flags = attributeFlags(name);
      if (flags === undefined) return "-";
      const { immutable, readonly, runtime, config } = flags;
      return `${immutable ? "i" : ""}${readonly ? "r" : ""}${runtime ? "u" : ""}${config ? "c" : ""}`;
    };
    assert.deepEqual(
      "rank version rundir rundir-cleanup tbon.topo tbon.interface-hint vendor.x log-stderr-level test.x test-im.x test-ro.x test-nr.x"
        .split(" ")
        .map(letters),
      ["ir", "r", "", "i", "c", "iuc", "iu", "u", "u", "i", "r", ""],
    );
    for (const name of ["", "test", "tbon.nosuch", "broker.nosuch", "conf.nosuch", "rank ", "constructor"])
      assert.equal(letters(name), "-");
  });
});

describe("the service attr", () => {
  test("an attribute without a value is listed and can't be had", async () => {
    const attributes = new AttributeTable();
    attributes.setAtStart("log-filename", undefined);
    await using broker = await Broker.start({ attributes });
    assert.equal(broker.attributes, attributes);
    await using flux = broker.connect();
    assert((await flux.attributes.list()).includes("log-filename"));
    await rejects(flux.attributes.get("log-filename"), "ENOENT", null);
    attributes.define("log-filename", "later");
    assert.equal(await flux.attributes.get("log-filename"), "later");
  });

  test("a table given is used, what it has comes first", async () => {
    const attributes = new AttributeTable({ hostlist: "node[0-3]", "log-ring-size": "1" });
    await using broker = await Broker.start({ attributes, logRingSize: 5 });
    await using flux = broker.connect();
    assert.equal(await flux.attributes.get("hostlist"), "node[0-3]");
    assert.equal(await flux.attributes.get("log-ring-size"), "1");
    assert.equal(attributes.get("size"), "1");
  });

  test("the service a name is redirected to decides, unless force is used", async () => {
    await using broker = await Broker.start();
    await using flux = broker.connect();
    await rejects(flux.attributes.set("test-rd.a", "1"), "ENOSYS");
    await rejects(flux.attributes.get("test-rd.a"), "ENOENT");
    const asked: unknown[] = [];
    await using decider = broker.connect();
    await using service = await decider.serve("testrd", {
      setattr: (body: { value?: string }) => {
        asked.push(body);
        if (body.value === "no") throw Object.assign(new Error("not that"), { code: "EDOM" });
      },
    });
    assert.equal(service.name, "testrd");
    await flux.attributes.set("test-rd.a", "yes");
    await rejects(flux.attributes.set("test-rd.a", "no"), "EDOM", "not that");
    assert.equal(await flux.attributes.get("test-rd.a"), "yes");
    await flux.attributes.set("test-rd.a", "no", { force: true });
    assert.equal(await flux.attributes.get("test-rd.a"), "no");
    assert.deepEqual(asked, [
      { name: "test-rd.a", value: "yes" },
      { name: "test-rd.a", value: "no" },
    ]);
    await flux.attributes.set("log-stderr-level", "not a level", { force: true });
    assert.equal(await flux.attributes.get("log-stderr-level"), "not a level");
  });
});

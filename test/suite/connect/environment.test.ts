import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../../../src/connect/index.ts";
import { startInstance } from "../../helpers/instance.ts";
import { rejects } from "../../helpers/rejects.ts";

test("an owner speaks for others: FLUX_HANDLE_USERID and FLUX_HANDLE_ROLEMASK", async () => {
  await using instance = await startInstance();
  const other = { FLUX_HANDLE_USERID: "4321", FLUX_HANDLE_ROLEMASK: "0x2" };
  const flux = await instance.connect({ env: other });
  const reply = await flux.ping();
  assert.deepEqual([reply.userid, reply.rolemask], [4321, 2]);
  await rejects(flux.attributes.set("test.a", "1"), "EPERM", "Request requires owner credentials");
  const half = await instance.connect({ env: { FLUX_HANDLE_ROLEMASK: "2" } });
  assert.deepEqual([(await half.ping()).userid, (await half.ping()).rolemask], [process.getuid?.() ?? 0, 2]);
  const argued = await instance.connect({ env: other, userid: 7, rolemask: 1 });
  assert.deepEqual([(await argued.ping()).userid, (await argued.ping()).rolemask], [7, 1]);
});

test("FLUX_URI says where to; an argument says so first", async () => {
  await using instance = await startInstance();
  await using flux = await connect(undefined, { env: { FLUX_URI: instance.uri } });
  assert.equal(await flux.rank(), 0);
  assert.equal(flux.uri, instance.uri);
  await using argued = await connect(`${instance.uri} \t`, { env: { FLUX_URI: "local:///nosuch" } });
  assert.equal(await argued.rank(), 0);
});

test("FLUX_HANDLE_TRACE writes each message to stderr", async (t) => {
  await using instance = await startInstance();
  const written: string[] = [];
  t.mock.method(process.stderr, "write", (text: string) => written.push(text) > 0);
  const flux = await instance.connect({ env: { FLUX_HANDLE_TRACE: "1" } });
  await flux.attributes.get("rank");
  t.mock.restoreAll();
  assert.equal(written.length, 2);
  assert.match(
    written[0]!,
    /^-+\n> tx attr\.get\n> flags=topic,payload,route userid=-1 rolemask=0x0 nodeid=-1 matchtag=1\n/,
  );
  assert.match(written[1]!, /^-+\n< rx attr\.get\n(.*\n)*< \[\d+\] \{"value":"0","flags":1\}\n$/);
});

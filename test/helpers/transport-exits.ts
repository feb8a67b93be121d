/** A program that must end by itself: it opens transports, uses them and closes them, one with much still to send. Run by zeromq-transport.test.ts. */
import { frames, TestChild, TestServer, TRANSPORT_KINDS } from "./tree-transport.ts";
import { until } from "./until.ts";

for (const openKind of Object.values(TRANSPORT_KINDS)) {
  await using kind = await openKind();
  await using parent = await kind.open();
  const server = await TestServer.listen(parent, kind.uri());
  await using child = await TestChild.join(kind, parent, server, "child");
  child.link.send(frames("up"));
  await until(() => server.received.length === 1, "message");
  // No one is there to take these.
  await using orphan = await TestChild.open(kind);
  orphan.connect(server.uri.replace(/\d+$/, "1"), parent.publicKey, "orphan");
  for (let i = 0; i < 5000; i++) orphan.link.send(frames("to nobody"));
}
process.stdout.write("done\n");

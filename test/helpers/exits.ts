/** A program that must end by itself: it uses handles and a broker and closes them, is refused one, and leaves one open that it does not hold on to. Run by close.test.ts. */
import { connect } from "../../src/connect/index.ts";
import { TestInstance } from "../../src/testing/index.ts";

const uri = process.argv[2]!;
{
  await using instance = await TestInstance.start();
  await instance.connect();
  await using flux = await connect(uri, { env: {}, reconnect: true });
  await using _service = await flux.serve(`exits-${process.pid}`, {});
  const events = flux.subscribe("");
  await flux.publish("exits");
  await events.next();
}
await connect(`${uri}-nosuch`, { env: {}, retries: 1 }).then(
  () => process.exit(3),
  () => {},
);
const flux = await connect(uri, { env: {} });
await flux.subscribe("").ready;
flux.unref();
flux.ref();
flux.unref();

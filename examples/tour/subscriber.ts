/** A subscriber of the tour: prints the events under the prefix that its argument names, until the tour ends. */
import { connect } from "fluxbus";

const prefix = process.argv[2] ?? "";
await using flux = await connect();
await using end = flux.subscribe("tour.end");
await using events = flux.subscribe(prefix);
await Promise.all([end.ready, events.ready]);
console.log("ready");
const last = end.next().then(({ value }) => value?.seq ?? 0);
for await (const event of events) {
  const shown = event.topic.startsWith("blob.")
    ? Buffer.from(event.payload ?? []).toString("hex")
    : (event.text ?? "");
  console.log(`#${event.seq} ${event.topic}${event.private ? " (private)" : ""} ${shown}`);
  if (event.topic === (prefix === "" ? "tour.end" : "job.quick")) break;
}
await last;

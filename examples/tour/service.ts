/** The service of the tour: one method that answers once, one that streams, one that refuses. */
import { connect, FluxError } from "fluxbus";

await using flux = await connect();
await using _calc = await flux.serve("calc", {
  add: ({ a, b }) => ({ sum: a + b }),
  async *count({ to }, request) {
    request.signal.addEventListener("abort", () => console.log(`calc.count: canceled by its caller`));
    for (let i = 0; i < to; i++) yield { i };
  },
  refuse: () => {
    throw new FluxError("EPERM", "not today");
  },
});
await using end = flux.subscribe("tour.end");
await end.ready;
console.log("ready");
await end.next();

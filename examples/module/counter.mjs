/**
 * A module that counts: `fluxbus module load ./examples/module/counter.mjs from=10`, then `fluxbus rpc counter.next`.
 *
 * @type {import("fluxbus/broker").ModuleDefinition}
 */
export default {
  async start({ flux, name, args, serve, onConfig, log }) {
    let { count, step } = { count: 0, step: 1 };
    for (const arg of args) {
      const from = /^from=(\d+)$/.exec(arg);
      if (from === null) throw new Error(`${arg}: unknown option`); // what `module load` says
      count = Number(from[1]);
    }
    const watchers = new Set();
    serve({
      next() {
        count += step;
        for (const tell of watchers) tell();
        return { count };
      },
      // A streaming method: each count as it comes, until the caller leaves.
      async *watch(_body, request) {
        while (!request.signal.aborted) {
          yield { count };
          await new Promise((resolve) => {
            watchers.add(resolve);
            request.signal.addEventListener("abort", resolve, { once: true });
          });
          watchers.clear();
        }
      },
      "stats-get": () => ({ count, step, watchers: watchers.size }),
    });
    // [counter] step = 2
    onConfig(({ counter }) => {
      const wanted = counter?.step ?? 1;
      if (!Number.isInteger(wanted)) throw new Error("counter.step is no whole number"); // refuses the configuration
      step = wanted;
    });
    log("info", `counting from ${count}`);
    return async () => {
      await flux.publish(`${name}.end`, { count });
    };
  },
};

/**
 * The tour: a broker, two services' worth of methods, two subscribers and a client, each a process of its own, and what passes between them.
 * `npm start` runs it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { connect, type Flux, FluxError } from "fluxbus";

const say = (text: string): void => console.log(text);

/** A process of the tour. Its output lines are printed under its name; `ready` resolves to the first. */
class Player implements AsyncDisposable {
  readonly ready: Promise<string>;
  readonly #process: ChildProcess;
  readonly #exit: Promise<number | null>;

  constructor(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#process = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#exit = new Promise((resolve) => this.#process.once("exit", resolve));
    const lines = createInterface({ input: this.#process.stdout! });
    this.ready = new Promise((resolve, reject) => {
      let first = true;
      lines.on("line", (line) => {
        if (first) resolve(line);
        else say(`${name.padStart(12)} | ${line}`);
        first = false;
      });
      lines.on("close", () => reject(new Error(`${name} ended before it was ready`)));
    });
  }

  /** Resolves when the process has ended by itself. */
  async ended(): Promise<void> {
    const status = await this.#exit;
    if (status !== 0) throw new Error(`a process of the tour ended with status ${status}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#exit;
  }
}

function script(name: string): string[] {
  return ["--import", "tsx", new URL(name, import.meta.url).pathname];
}

async function calls(flux: Flux): Promise<void> {
  say("\nA request gets one response, from whoever registered the service:");
  say(
    `      client | calc.add {a: 2, b: 3}  ->  ${JSON.stringify(await flux.rpc("calc.add", { a: 2, b: 3 }))}`,
  );

  say("\nA streaming request gets many; leaving the loop cancels it at the service:");
  for await (const { i } of flux.stream("calc.count", { to: 1_000_000 })) {
    say(`      client | calc.count  ->  ${i}`);
    if (i === 2) break;
  }

  say("\nA refusal is an error with a number and a text; so are a missing flag and a missing service:");
  for (const topic of ["calc.refuse", "calc.count", "nobody.home"]) {
    const error: unknown = await flux.rpc(topic).catch((thrown: unknown) => thrown);
    if (!FluxError.is(error)) throw new Error(`${topic} was not refused`);
    say(`      client | ${topic}  ->  ${error.code} (${error.errno}): ${error.message}`);
  }
}

async function events(flux: Flux): Promise<void> {
  say("\nEvents get one global sequence number from rank 0; a confirmed publication tells it:");
  const done = await flux.publish("job.done", { id: 7 });
  say(`      client | job.done is number ${done.seq}`);
  const packed = await flux.publishPack("job.host", "{s:i s:s}", "id", 7, "host", "n1");
  say(`      client | job.host, packed by a json_pack format, is number ${packed.seq}`);
  const secret = await flux.publish("job.secret", { token: "x" }, { private: true });
  say(`      client | job.secret, for the owner and the sender only, is number ${secret.seq}`);
  const blob = await flux.publishRaw("blob.raw", Uint8Array.of(1, 2, 3, 255));
  say(`      client | blob.raw, bytes that are no JSON, is number ${blob.seq}`);
  flux.sendEvent(flux.encodeEvent("job.quick", { id: 8 }));
  say("      client | job.quick is sent without confirmation");
  const { seq } = await flux.publish("tour.end");
  say(`      client | tour.end is number ${seq}`);
}

say("Starting a broker, a service and two subscribers, each a process of its own ...");
const cli = new URL("../../dist/cli/main.js", import.meta.url).pathname;
await using broker = new Player("broker", [cli, "broker", "--print-uri"]);
const uri = await broker.ready;
const env = { FLUX_URI: uri };
await using service = new Player("service", script("service.ts"), env);
await using jobs = new Player("sub job.", [...script("subscriber.ts"), "job."], env);
await using all = new Player("sub (all)", [...script("subscriber.ts"), ""], env);
await Promise.all([service.ready, jobs.ready, all.ready]);
{
  await using flux = await connect(uri);
  const { ms, rank } = await flux.ping();
  say(`      client | connected to rank ${rank} of ${await flux.size()} at ${uri}: ping ${ms.toFixed(2)} ms`);
  await calls(flux);
  await events(flux);
}
await Promise.all([service.ended(), jobs.ended(), all.ended()]);
say("\nEverything is closed.");

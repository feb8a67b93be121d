/** The process of one who takes part in an attack: see role.ts. */
import { playAttack } from "./guest-play.ts";
import { type Meter, startPingMeter, startTimerMeter } from "./meter.ts";
import { Owner } from "./owner.ts";
import type { RoleMessage, RoleTask } from "./role.ts";

let meter: Meter | undefined;
let owner: Owner | undefined;

async function start(task: RoleTask): Promise<unknown> {
  switch (task.role) {
    case "timer":
      meter = startTimerMeter();
      return undefined;
    case "ping":
      meter = await startPingMeter(task.path);
      return undefined;
    case "owner":
      owner = await Owner.start(task.options);
      return undefined;
    case "guest":
      // Its connections are open until the process is killed.
      return (await playAttack(task.task)).report;
  }
}

function answer(message: RoleMessage): unknown {
  switch (message.call) {
    case "start":
      return start(message.task);
    case "begin":
      meter?.reset();
      return owner?.begin();
    case "end":
      return owner?.end();
    case "read": {
      const { worst, latest, count, failure } = meter!;
      return { worst, latest, count, failure };
    }
  }
}

process.on("message", async (message: RoleMessage) => {
  try {
    process.send!({ value: await answer(message) });
  } catch (error) {
    process.send!({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
process.on("disconnect", () => process.exit());

import { hostname } from "node:os";
import { FluxError, parseJobId } from "../base/index.ts";
import type { AttributeTable } from "../broker/index.ts";
import { loadLate } from "../system/index.ts";

/**
 * Tells the instance whose job this one is where it can be reached, and which of its nodes it can't do without. Does nothing for one that is no
 * job. Source: flux-uri(1), flux-broker-attributes(7) `broker.critical-ranks`.
 * @throws FluxError EINVAL for a job id that is none, the errors of connect, and what the job manager answers.
 */
export async function notifyParent(attributes: AttributeTable): Promise<void> {
  const jobid = attributes.get("jobid");
  const parent = attributes.get("parent-uri");
  if (jobid === undefined || parent === undefined) return;
  const id = parseJobId(jobid);
  if (id === undefined) throw new FluxError("EINVAL", `Unable to parse jobid attribute '${jobid}'`);
  const { connect } = await loadLate(
    import.meta.url,
    "../connect/index",
    () => import("../connect/index.ts"),
  );
  await using flux = await connect(parent);
  const host = attributes.get("hostname") ?? hostname();
  const uri = `ssh://${host}${attributes.get("local-uri")!.slice("local://".length)}`;
  await Promise.all([
    flux.rpc("job-manager.memo", { id, memo: { uri } }),
    flux
      .rpc("job-exec.critical-ranks", { id, ranks: attributes.get("broker.critical-ranks")! })
      .catch((error: unknown) => {
        // A job manager that does without takes all nodes for critical.
        if (FluxError.from(error).code !== "ENOSYS") throw error;
      }),
  ]);
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { AttributeTable } from "../../../src/broker/index.ts";
import { StderrLog } from "../../../src/instance/index.ts";

/** What is printed of one line at each level. */
function printed(attributes: Record<string, string>): string[] {
  const lines: string[] = [];
  const log = new StderrLog(new AttributeTable({ hostname: "node7", ...attributes }), (line) =>
    lines.push(line),
  );
  for (const level of ["crit", "err", "warning"] as const) log.log(level, level);
  return lines;
}

test("before there is a broker, lines go to standard error with the name of the host", () => {
  assert.equal(printed({}).length, 3);
  assert.equal(printed({ "log-stderr-level": "nonsense" }).length, 3);
  assert.equal(printed({ "log-stderr-level": "-1" }).length, 0);
  const [first, second, ...others] = printed({ "log-stderr-level": "3" });
  assert.match(
    first ?? "",
    /^[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d\.\d{6} \S+ \d{4} broker\.crit\[node7\]: crit$/,
  );
  assert.match(second ?? "", /broker\.err\[node7\]: err$/);
  assert.deepEqual(others, []);
});

test("for systemd they have their severity and no time", () => {
  assert.deepEqual(printed({ "log-stderr-level": "2", "log-stderr-mode": "local" }), [
    "<2>broker.crit[node7]: crit",
  ]);
});

test("each line of a message is one, without a name given it is this host's", () => {
  const lines: string[] = [];
  new StderrLog(new AttributeTable({ "log-stderr-mode": "local" }), (line) => lines.push(line)).log(
    "err",
    "a\nb\n",
  );
  assert.equal(lines.length, 2);
  assert.match(lines[1] ?? "", /^<3>broker\.err\[[^\]\d][^\]]*\]: b$/);
});

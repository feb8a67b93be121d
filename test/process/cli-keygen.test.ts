import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import { describe, test } from "node:test";
import { readCurveCert } from "../../src/config/index.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { fluxbus } from "./cli-process.ts";

describe("fluxbus keygen", () => {
  test("writes a certificate with metadata, the first of each name", async () => {
    await using files = await TemporaryFolder.make();
    const path = files.of("cert");
    const words = ["-n", "cluster", "--meta", "a=b,name=other,c.d=x=y", "--meta=e,a=again", path];
    const outcome = await fluxbus(["keygen", ...words]);
    assert.deepEqual(outcome, { stdout: "", stderr: "", status: 0, signal: null });
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const { metadata } = await readCurveCert(path);
    const {
      "keygen.time": time,
      "keygen.fluxbus-version": version,
      ...others
    } = Object.fromEntries(metadata);
    assert.deepEqual(others, {
      name: "cluster",
      a: "b",
      "c.d": "x=y",
      e: "",
      "keygen.hostname": hostname().replace(/[^A-Za-z0-9.-]/g, "-"),
      "keygen.userid": String(process.getuid?.()),
    });
    assert.match(time!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
    assert.match(version!, /^\d+\.\d+\.\d+/);
  });

  test("each certificate has keys of its own, named after the host by default", async () => {
    await using files = await TemporaryFolder.make();
    const certs = await Promise.all(
      ["one", "two"].map(async (name) => {
        assert.equal((await fluxbus(["keygen", files.of(name)])).status, 0);
        return readCurveCert(files.of(name));
      }),
    );
    assert.notEqual(certs[0]!.secretKey, certs[1]!.secretKey);
    assert.equal(certs[0]!.metadata.get("name"), certs[0]!.metadata.get("keygen.hostname"));
  });

  test("says what is wrong", async () => {
    await using files = await TemporaryFolder.make();
    const cases: [string[], number, RegExp][] = [
      [[], 0, /^fluxbus keygen: WARNING: add PATH argument to save generated certificate\n$/],
      [[files.of("none/cert")], 1, /^fluxbus keygen: \S+none\/cert: No such file or directory\n$/],
      [["--meta", "a=x_y", files.of("cert")], 2, /^fluxbus keygen: metadata can't hold a=x_y\n$/],
      [["--name=x_y", files.of("cert")], 2, /^fluxbus keygen: metadata can't hold name=x_y\n$/],
      [[files.of("cert"), "more"], 2, /^fluxbus keygen: too many arguments/],
    ];
    for (const [words, status, text] of cases) {
      const outcome = await fluxbus(["keygen", ...words]);
      assert.deepEqual([outcome.status, outcome.stdout], [status, ""], words.join(" "));
      assert.match(outcome.stderr, text);
    }
    await assert.rejects(stat(files.of("cert")), { code: "ENOENT" });
  });
});

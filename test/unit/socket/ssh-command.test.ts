import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { findProgram } from "../../../src/socket/find-program.ts";
import { sshCommand } from "../../../src/socket/ssh-command.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

test("the command of a remote end: port, user, the relay and where to look for it", () => {
  const env = { PATH: "/nosuch" };
  assert.deepEqual(sshCommand("host/run/flux/local", env), [
    ..."ssh -- host env PATH=/run/flux/bin:/bin:/usr/bin flux relay /run/flux/local".split(" "),
  ]);
  assert.deepEqual(sshCommand("me@host:42/tmp/x/local-0", { ...env, FLUX_SSH: "/my/ssh" }), [
    ..."/my/ssh -p 42 -- me@host env PATH=/tmp/x/bin:/bin:/usr/bin flux relay /tmp/x/local-0".split(" "),
  ]);
  assert.deepEqual(sshCommand("host/x/local", { ...env, FLUX_SSH_RCMD: "fluxbus" }), [
    ..."ssh -- host fluxbus relay /x/local".split(" "),
  ]);
  const libraries = { FLUX_SSH_RCMD: "/site/flux", LD_LIBRARY_PATH: "/a:/b" };
  assert.deepEqual(sshCommand("host//x/local", libraries), [
    ..."ssh -- host env LD_LIBRARY_PATH=/a:/b /site/flux relay /x/local".split(" "),
  ]);
  assert.deepEqual(sshCommand("[::1]/x", { FLUX_SSH_RCMD: "f" }), ["ssh", "--", "::1", "f", "relay", "/x"]);
});

test("what a shell would read differently is quoted", () => {
  const words = sshCommand("host/it's $HOME/local", { FLUX_SSH_RCMD: "flux" });
  assert.equal(words.at(-1), "'/it'\\''s $HOME/local'");
});

test("any other form is EINVAL", () => {
  for (const location of [
    "",
    "host",
    "host/",
    "/path",
    "host/p?q=1",
    "host/p#f",
    "host:x/p",
    "a@b@c/p",
    "host/p\0q",
    "[a]b/p",
    "[-x/p",
  ])
    assert.throws(
      () => sshCommand(location, {}),
      { code: "EINVAL", message: `ssh://${location}: not of the form ssh://[user@]host[:port]/PATH` },
      location,
    );
});

test("a user and a host are checked as ssh gets them, behind the brackets", () => {
  const invalid: readonly [location: string, text: string][] = [
    ["-oX/p", "invalid host '-oX'"],
    ["[-oProxyCommand=touch$IFS$9pwned]/p", "invalid host '-oProxyCommand=touch$IFS$9pwned'"],
    ["[-oX]:22/p", "invalid host '-oX'"],
    ["-oX@host/p", "invalid user '-oX'"],
    ["me@[-oX]/p", "invalid host '-oX'"],
    ["[$(touch pwned)]/p", "invalid host '$(touch pwned)'"],
    ["`id`/p", "invalid host '`id`'"],
    ["a\nb/p", "invalid host 'a\nb'"],
    ["$(id)@host/p", "invalid user '$(id)'"],
    ["me\\@host/p", "invalid user 'me\\'"],
    ["host:0/p", "port 0 is not in the range of 1 to 65535"],
    ["host:65536/p", "port 65536 is not in the range of 1 to 65535"],
  ];
  for (const [location, text] of invalid)
    assert.throws(() => sshCommand(location, {}), { code: "EINVAL", message: `ssh://${location}: ${text}` });
  const words = (location: string) => sshCommand(location, { FLUX_SSH_RCMD: "f" });
  assert.deepEqual(words("DOMAIN\\me@[fe80::1%eth0]:22/p"), [
    ..."ssh -p 22 -- DOMAIN\\me@fe80::1%eth0 f relay /p".split(" "),
  ]);
  assert.equal(words("host/-oX")[5], "/-oX");
  assert.equal(sshCommand("h/a:./b/s", { PATH: "/nosuch" })[4], "PATH=/bin:/usr/bin");
});

test("a program is looked for on PATH, and the folder of flux is told the other end", async () => {
  await using folder = await TemporaryFolder.make({
    "one/flux": "not to be run",
    "one/ssh/file": "",
    "other/flux": "#!/bin/sh\n",
  });
  const [one, other] = [folder.of("one"), folder.of("other")];
  await chmod(join(other, "flux"), 0o700);
  const env = { PATH: `${one}::${other}` };
  assert.equal(findProgram("flux", env.PATH), join(other, "flux"));
  assert.equal(findProgram(join(other, "flux"), undefined), join(other, "flux"));
  assert.equal(findProgram(join(one, "flux"), env.PATH), undefined);
  assert.equal(findProgram("ssh", env.PATH), undefined);
  assert.equal(sshCommand("h/r/s", env)[4], `PATH=/r/bin:${other}:/bin:/usr/bin`);
});

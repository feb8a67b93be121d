import assert from "node:assert/strict";
import { chmod, lchown, open, readdir, readFile, stat, symlink } from "node:fs/promises";
import { test } from "node:test";
import { isCurveMetadata, readCurveCert, writeCurveCert } from "../../../src/config/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

/** A pair of keys made with libzmq, and another public key. */
const PUBLIC = "x@LB$3uU>F[Zva5*/n8w?vHR}R(4^E8@4CMvi)]r";
const SECRET = "<5F-T{/PU}-Oz4&fuhg8F!Xwa3AKtK*MO%Yw4&#f";
const OTHER = "FYFE.@650VuUqRGygAtG.RC$A<cid63q(WEnR+&y";

function certText(publicKey: string, secretKey: string): string {
  return `#  ZeroMQ CURVE **Secret** Certificate

metadata
    name = "node0"
    keygen.userid = "0"
curve
    public-key = "${publicKey}"
\tsecret-key = "${secretKey}"
`;
}

const GOOD = certText(PUBLIC, SECRET);

async function certFile(text: string): Promise<TemporaryFolder> {
  const files = await TemporaryFolder.make({ cert: text });
  await chmod(files.of("cert"), 0o600);
  return files;
}

test("a file of keys", async () => {
  await using files = await certFile(GOOD);
  assert.deepEqual(await readCurveCert(files.of("cert")), {
    publicKey: PUBLIC,
    secretKey: SECRET,
    metadata: new Map([
      ["name", "node0"],
      ["keygen.userid", "0"],
    ]),
  });
});

test("a file that others may read is none, nor one that is not there", async () => {
  await using files = await certFile(GOOD);
  const path = files.of("cert");
  for (const mode of [0o640, 0o604]) {
    await chmod(path, mode);
    await rejects(readCurveCert(path), "EPERM", `${path}: readable by group/other`);
  }
  const none = files.of("none");
  await rejects(readCurveCert(none), "ENOENT", `${none}: No such file or directory`);
  await rejects(readCurveCert(files.path), "EISDIR", `${files.path}: Is a directory`);
});

test("a text without a pair of keys is none", async () => {
  const texts = [
    "",
    GOOD.replaceAll("key", "nerp"),
    GOOD.replace("curve\n", ""),
    GOOD.replace("curve\n", "curves\n"),
    GOOD.replace("    public-key", "public-key"),
    GOOD.replace("    public-key", '    third-key = "x"\n    public-key'),
    GOOD.replace(`"${PUBLIC}"`, PUBLIC),
    certText(OTHER, SECRET),
    certText(PUBLIC.slice(1), SECRET),
    certText(`${PUBLIC.slice(5)}Vtb A`, SECRET),
    certText(`%nSc1${PUBLIC.slice(5)}`, SECRET),
    certText("", ""),
  ];
  for (const text of texts) {
    await using files = await certFile(text);
    const path = files.of("cert");
    await rejects(readCurveCert(path), "EINVAL", `${path}: Invalid argument`);
  }
});

test("lines that flux-core's reader refuses, and ones it takes", async () => {
  const inMetadata = (line: string): string => GOOD.replace("    name", `${line}\n    name`);
  const refused = [
    inMetadata('    name = "again"'),
    inMetadata('    under_score = "x"'),
    inMetadata('    a = "under_score"'),
    inMetadata('    a = "x,y"'),
    inMetadata('    a = "quo"te"'),
    inMetadata('    a = "'),
    inMetadata("    a"),
    inMetadata('    = "x"'),
    inMetadata(`    a = "${"x".repeat(250)}"`),
    `    a = "x"\n${GOOD}`,
  ];
  for (const text of refused) {
    await using files = await certFile(text);
    await rejects(readCurveCert(files.of("cert")), "EINVAL");
  }
  const taken = [
    "",
    "# x",
    "   # x = y",
    '\ta="x"',
    '  a.b-C  =  "x =\t!"  ',
    "curve\nmetadata",
    '    long = ""',
  ];
  for (const line of [...taken, ` ${" ".repeat(300)}`, `    a = "${"x".repeat(240)}"`]) {
    await using files = await certFile(inMetadata(line));
    const { publicKey, metadata } = await readCurveCert(files.of("cert"));
    assert.deepEqual([publicKey, metadata.get("name")], [PUBLIC, "node0"], line);
  }
});

test("a file that is written is read back, and only its owner may read it, whatever was there before", async () => {
  await using files = await TemporaryFolder.make({ cert: "x".repeat(10_000) });
  const path = files.of("cert");
  await chmod(path, 0o666);
  const metadata = new Map([
    ["name", "node0"],
    ["empty", ""],
    ["a.b-c", "x = 1\t!*/?"],
  ]);
  await writeCurveCert(path, { publicKey: PUBLIC, secretKey: SECRET, metadata });
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readCurveCert(path), { publicKey: PUBLIC, secretKey: SECRET, metadata });
  assert.match(
    await readFile(path, "utf8"),
    /^# {2}ZeroMQ CURVE \*\*Secret\*\* Certificate\n# {2}DO NOT DISTRIBUTE\n\nmetadata\n {4}name = "node0"\n/,
  );
});

test("what can't be read back is not written", async () => {
  await using files = await TemporaryFolder.make({ folder: "" });
  const cert = (key: string, value: string) => ({
    publicKey: PUBLIC,
    secretKey: SECRET,
    metadata: new Map([[key, value]]),
  });
  for (const [key, value] of [
    ["a_b", "x"],
    ["", "x"],
    ["a", "x_y"],
    ["a", 'x"'],
    ["a", "x\ny"],
    ["a", "x".repeat(250)],
  ] as const) {
    assert.equal(isCurveMetadata(key, value), false);
    await rejects(writeCurveCert(files.of("new"), cert(key, value)), "EINVAL");
  }
  await assert.rejects(stat(files.of("new")), { code: "ENOENT" });
  const nowhere = files.of("none/cert");
  await rejects(writeCurveCert(nowhere, cert("a", "b")), "ENOENT", `${nowhere}: No such file or directory`);
});

test("a new certificate is a new file: who reads the old one does not see it", async () => {
  await using files = await certFile("an old one");
  const path = files.of("cert");
  await chmod(path, 0o644);
  await using reader = await open(path);
  await writeCurveCert(path, { publicKey: PUBLIC, secretKey: SECRET, metadata: new Map() });
  assert.equal(await reader.readFile("utf8"), "an old one");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await readCurveCert(path)).secretKey, SECRET);
  assert.deepEqual(await readdir(files.path), ["cert"]);
});

test("a certificate goes through symbolic links of this user, and of no other", async () => {
  await using files = await certFile("an old one");
  await symlink(files.of("cert"), files.of("link"));
  const cert = { publicKey: PUBLIC, secretKey: SECRET, metadata: new Map<string, string>() };
  await writeCurveCert(files.of("link"), cert);
  assert.equal((await readCurveCert(files.of("cert"))).secretKey, SECRET);
  if (process.getuid?.() !== 0) return; // only root makes the link of another user
  await symlink(files.of("cert"), files.of("foreign"));
  await lchown(files.of("foreign"), 65534, 65534);
  await rejects(writeCurveCert(files.of("foreign"), cert), "EPERM");
});

import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { test } from "node:test";
import { readCurveCert } from "../../../src/config/index.ts";
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

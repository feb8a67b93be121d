import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, readEnvironment } from "../../../src/connect/index.ts";
import { rejects } from "../../helpers/rejects.ts";

test("the variables of a handle", () => {
  assert.deepEqual(readEnvironment({}), {
    uri: undefined,
    userid: undefined,
    rolemask: undefined,
    trace: false,
    retries: undefined,
    proxyRemote: undefined,
  });
  assert.deepEqual(
    readEnvironment({
      FLUX_URI: "local:///x",
      FLUX_HANDLE_USERID: "1234",
      FLUX_HANDLE_ROLEMASK: "0x2",
      FLUX_HANDLE_TRACE: "",
      FLUX_LOCAL_CONNECTOR_RETRY_COUNT: "7",
      FLUX_PROXY_REMOTE: "u@h",
    }),
    { uri: "local:///x", userid: 1234, rolemask: 2, trace: true, retries: 7, proxyRemote: "u@h" },
  );
  const rolemask = (text: string) => readEnvironment({ FLUX_HANDLE_ROLEMASK: text }).rolemask;
  assert.deepEqual([rolemask("017"), rolemask("0"), rolemask("6"), rolemask("0XfF")], [15, 0, 6, 255]);
});

test("what is no number is EINVAL", async () => {
  for (const [name, text] of [
    ["FLUX_HANDLE_USERID", "me"],
    ["FLUX_HANDLE_USERID", "-1"],
    ["FLUX_HANDLE_USERID", ""],
    ["FLUX_HANDLE_ROLEMASK", "089"],
    ["FLUX_HANDLE_ROLEMASK", "owner"],
    ["FLUX_LOCAL_CONNECTOR_RETRY_COUNT", "5x"],
    ["FLUX_LOCAL_CONNECTOR_RETRY_COUNT", ""],
  ] as const) {
    assert.throws(() => readEnvironment({ [name]: text }), {
      code: "EINVAL",
      message: `${name}=${text} is no number`,
    });
    await rejects(connect("loop://", { env: { [name]: text } }), "EINVAL");
  }
});

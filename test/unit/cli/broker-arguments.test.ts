import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseBrokerArguments } from "../../../src/cli/broker-arguments.ts";

describe("command line of flux-broker", () => {
  test("takes options in all their forms, up to the initial program", () => {
    const words = "-vv -Sa=1 -S b=2=3 --setattr=c --setattr d= -c/p --conf=x.y=1 --conf {} prog -v --x".split(
      " ",
    );
    assert.deepEqual(parseBrokerArguments(words), {
      help: false,
      verbose: 2,
      attributes: [
        ["a", "1"],
        ["b", "2=3"],
        ["c", undefined],
        ["d", ""],
      ],
      configPath: "/p",
      config: ["x.y=1", "{}"],
      program: ["prog", "-v", "--x"],
    });
    assert.equal(parseBrokerArguments(["--verbose=3"]).verbose, 3);
    assert.equal(parseBrokerArguments(["-v2", "-v"]).verbose, 3);
    assert.equal(parseBrokerArguments(["-h"]).help, true);
    assert.deepEqual(parseBrokerArguments(["--config-path", "/p", "--", "-x"]).program, ["-x"]);
  });

  test("refuses what it does not know", () => {
    for (const [words, message] of [
      [["--nope"], "unrecognized option '--nope'"],
      [["-x"], "unrecognized option '-x'"],
      [["-S"], "option '-S' requires an argument"],
      [["-S=1"], "error parsing --setattr==1"],
      [["--verbose=much"], "verbose: much is no number"],
    ] as const) {
      assert.throws(() => parseBrokerArguments(words), { code: "EINVAL", message });
    }
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { methodOf, serviceOf, siblingTopic, topicMatcher, utf8Fits } from "../../../src/message/index.ts";

test("service and method of a topic", () => {
  const cases: [string, string, string][] = [
    ["a", "a", ""],
    ["a.b", "a", "b"],
    ["a.b.c", "a", "b.c"],
    [".b", "", "b"],
    ["a.", "a", ""],
    ["", "", ""],
  ];
  for (const [topic, service, method] of cases) {
    assert.equal(serviceOf(topic), service);
    assert.equal(methodOf(topic), method);
  }
});

test("the disconnect topic takes the place of the last word", () => {
  assert.equal(siblingTopic("foo", "disconnect"), "disconnect");
  assert.equal(siblingTopic("foo.bar", "disconnect"), "foo.disconnect");
  assert.equal(siblingTopic("foo.bar.baz", "disconnect"), "foo.bar.disconnect");
  assert.equal(siblingTopic("foo.", "cancel"), "foo.cancel");
});

test("the bytes of a text fit or don't", () => {
  const unit = fc.string({ unit: "binary", maxLength: 30 });
  fc.assert(
    fc.property(unit, fc.nat(60), (text, limit) => {
      assert.equal(utf8Fits(text, limit), Buffer.from(text).length <= limit);
    }),
  );
  assert.equal(utf8Fits("語".repeat(85), 255), true);
  assert.equal(utf8Fits("語".repeat(86), 255), false);
});

test("no pattern matches all, also what has no topic; others want a topic", () => {
  for (const glob of [undefined, "", "*"]) {
    assert.equal(topicMatcher(glob)("a.b"), true);
    assert.equal(topicMatcher(glob)(""), true);
    assert.equal(topicMatcher(glob)(undefined), true);
  }
  for (const glob of ["a", "?", "a*", "**", "[a]"]) assert.equal(topicMatcher(glob)(undefined), false);
});

test("a text without wildcards matches itself", () => {
  assert.equal(topicMatcher("a.b")("a.b"), true);
  assert.equal(topicMatcher("a.b")("axb"), false);
  assert.equal(topicMatcher("a.b")("a.b.c"), false);
  assert.equal(topicMatcher("a\\b")("a\\b"), true);
});

/** Patterns, topics, and what the GNU C library's fnmatch(pattern, topic, 0) says. */
const FNMATCH: [string, string, boolean][] = [
  ["*.b", "a.b", true],
  ["*", ".x", true],
  ["a.*", "a.b.c/d\ne", true],
  ["a.*", "a", false],
  ["**", "", true],
  ["a?c", "a.c", true],
  ["a?c", "ac", false],
  ["[z-a]*", "b", false],
  ["[z-a]*", "z", false],
  ["[[:alpha:]]x", "ax", true],
  ["[[:alpha:]]x", "[x", false],
  ["[[:digit:][:upper:]_]", "_", true],
  ["[[:digit:][:upper:]_]", "a", false],
  ["[![:space:]]", "a", true],
  ["[[:foo:]]", "f", false],
  ["[a", "[a", true],
  ["[a-z", "a", false],
  ["[]", "[]", true],
  ["[!]", "[!]", true],
  ["[]a]", "]", true],
  ["[!]a]", "b", true],
  ["[^]a]", "b", true],
  ["[^]a]", "]", false],
  ["[^a]", "b", true],
  ["[^a]", "^", true],
  ["[^^]", "^", false],
  ["[a^]", "^", true],
  ["[a!]", "!", true],
  ["[!!]", "!", false],
  ["[a-]", "-", true],
  ["[-a]", "-", true],
  ["[a-z-]", "-", true],
  ["[a-c-e]", "d", false],
  ["[a-c-e]", "-", true],
  ["[[]", "[", true],
  ["[a/b]", "/", true],
  ["[\\]]", "]", true],
  ["[\\]]", "\\", false],
  ["[\\]]", "\\]", false],
  ["[\\a]", "a", true],
  ["[a\\-c]", "b", false],
  ["[a\\-c]", "-", true],
  ["[a-\\]]", "b", false],
  ["\\**", "*a", true],
  ["\\**", "a", false],
  ["x*\\", "xx\\", false],
  ["?", "é", true],
  ["?", "😀", true],
  ["$^.*+(){}|*", "$^.*+(){}|x", true],
];

test("patterns match as the C library's fnmatch says", () => {
  for (const [glob, topic, expected] of FNMATCH) {
    assert.equal(topicMatcher(glob)(topic), expected, `${glob} on ${topic}`);
  }
});

/** fnmatch(3) without flags for patterns of letters, dots, `*`, `?`, escapes and sets of single characters. */
function fnmatch(glob: string, topic: string): boolean {
  if (glob === "") return topic === "";
  if (glob[0] === "*")
    return fnmatch(glob.slice(1), topic) || (topic !== "" && fnmatch(glob, topic.slice(1)));
  if (topic === "") return false;
  if (glob[0] === "?") return fnmatch(glob.slice(1), topic.slice(1));
  const set = /^\[(!?)([^\]]+)\]/.exec(glob);
  if (set !== null) {
    return (
      set[2]!.includes(topic[0]!) !== (set[1] === "!") && fnmatch(glob.slice(set[0].length), topic.slice(1))
    );
  }
  const literal = glob[0] === "\\" ? 1 : 0;
  return glob[literal] === topic[0] && fnmatch(glob.slice(literal + 1), topic.slice(1));
}

test("patterns match as a naive fnmatch says", () => {
  const token = fc.constantFrom("a", "b", ".", "+", "*", "?", "[ab]", "[!a]", "[.+]", "\\*", "\\.", "\\a");
  const globs = fc.array(token, { minLength: 1, maxLength: 8 }).map((tokens) => tokens.join(""));
  const topics = fc
    .array(fc.constantFrom("a", "b", ".", "+", "*"), { maxLength: 10 })
    .map((chars) => chars.join(""));
  let matched = 0;
  fc.assert(
    fc.property(globs, topics, (glob, topic) => {
      fc.pre(/[*?[]/.test(glob));
      const expected = fnmatch(glob, topic);
      if (expected) matched++;
      assert.equal(topicMatcher(glob)(topic), expected, `${glob} on ${topic}`);
    }),
    { numRuns: 3000 },
  );
  assert.ok(matched > 50, "the patterns do match now and then");
});

test("any text is a pattern: none throws", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."[]!^-\\*?:ab.az"), maxLength: 12 }), (glob) => {
      assert.equal(typeof topicMatcher(glob)("ab"), "boolean");
    }),
    { numRuns: 2000 },
  );
});

test("a pattern of many stars takes no exponential time", () => {
  const matches = topicMatcher(`${"*a".repeat(20)}*b`);
  assert.equal(matches("a".repeat(20_000)), false);
  assert.equal(matches(`${"a".repeat(20_000)}b`), true);
});

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const ROOT = resolve(import.meta.dirname, "..");
const SRC = join(ROOT, "src");

/** The floor of each room: a room imports from lower floors only. */
const FLOORS: Readonly<Record<string, number>> = {
  base: 0,
  system: 0.5,
  message: 1,
  json: 1,
  connector: 2,
  "event-log": 2,
  socket: 2.5,
  client: 3,
  methods: 3.5,
  replay: 3.5,
  connect: 4,
  broker: 4,
  config: 4,
  module: 4,
  overlay: 4,
  rexec: 4,
  man3: 5,
  instance: 5,
  proxy: 5,
  testing: 6,
  cli: 7,
  doors: 8,
};

interface Import {
  readonly file: string;
  readonly specifier: string;
}

const FILES = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const IMPORTS: readonly Import[] = FILES.flatMap((file) =>
  importsOf(file).map((specifier) => ({ file, specifier })),
);

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), "utf8");
  const found = text.matchAll(
    /(?:^|\s)(?:import|export)\s[^;'"]*?from\s*"([^"]+)"|^import\s*"([^"]+)"|(?:import|require)\w*\(\s*"([^"]+)"|typeof import\("([^"]+)"\)|import\.meta\.url\)\("([^"]+)"\)/gm,
  );
  return [...found].map((match) => match.slice(1).find((group) => group !== undefined)!);
}

function roomOf(file: string): string {
  return file.split("/")[0]!;
}

function targetOf({ file, specifier }: Import): string {
  return relative(SRC, resolve(SRC, dirname(file), specifier));
}

test("the imports were found", () => {
  assert(IMPORTS.length > 200, `${IMPORTS.length} imports`);
  for (const room of new Set(FILES.map(roomOf))) assert(room in FLOORS, `room ${room} has no floor`);
});

test("a room imports from lower floors only, through the door of the other room", () => {
  for (const entry of IMPORTS.filter(({ specifier }) => specifier.startsWith("."))) {
    const target = targetOf(entry);
    const [from, to] = [roomOf(entry.file), roomOf(target)];
    if (from === to) continue;
    assert(FLOORS[to]! < FLOORS[from]!, `${entry.file} imports ${target}: ${to} is not below ${from}`);
    assert.equal(target, join(to, "index.ts"), `${entry.file} imports ${target}: not the door of ${to}`);
  }
});

test("a foreign package is imported in one file", () => {
  const importers = new Map<string, Set<string>>();
  for (const { file, specifier } of IMPORTS) {
    if (specifier.startsWith(".") || specifier.startsWith("node:")) continue;
    const name = specifier
      .split("/")
      .slice(0, specifier.startsWith("@") ? 2 : 1)
      .join("/");
    importers.set(name, (importers.get(name) ?? new Set()).add(file));
  }
  for (const [name, files] of importers)
    assert.equal(files.size, 1, `${name} is imported by ${[...files].join(", ")}`);
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
  assert.deepEqual([...importers.keys()].sort(), declared.sort(), "declared and imported packages differ");
});

test("the browser's door loads nothing of Node", () => {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const specifier of importsOf(file)) {
      assert(specifier.startsWith("."), `${file}, which the browser loads, imports ${specifier}`);
      visit(targetOf({ file, specifier }));
    }
  };
  visit("doors/browser.ts");
  assert(seen.size > 40);
});

test("codecs are pure: no sockets, timers or promises in message and json", () => {
  for (const file of FILES.filter((name) => /^(message|json)\//.test(name))) {
    const text = readFileSync(join(SRC, file), "utf8");
    assert.doesNotMatch(text, /"node:|\bsetTimeout\b|\bsetImmediate\b|\bPromise\b|\basync\b/, file);
  }
});

test("files over 400 lines, as a list to look at", (context) => {
  for (const folder of ["src", "test", "bench", "examples", "scripts"]) {
    const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
    for (const file of files.filter((name) => /\.(ts|js|mjs)$/.test(name))) {
      const lines = readFileSync(join(ROOT, folder, file), "utf8").split("\n").length - 1;
      if (lines > 400) context.diagnostic(`${folder}/${file} has ${lines} lines: is it one subject?`);
    }
  }
});

test("every door of the package is a file that names what it exports", () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  for (const [door, target] of Object.entries<{ types: string; default: string }>(exports)) {
    if (door === "./package.json") continue;
    assert.equal(Object.keys(target)[0], "types", `${door}: types come first`);
    const source = target.default.replace("./dist/", "").replace(/\.js$/, ".ts");
    const text = readFileSync(join(SRC, source), "utf8");
    assert.doesNotMatch(text, /export \*/, `${source} exports everything`);
  }
});

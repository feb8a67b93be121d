import type { Flux } from "../../client/index.ts";
import { rankArgument } from "../arguments.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import { type ColorOption, colorOption } from "../color-option.ts";
import { argumentParser, type Command, Option } from "../commander.ts";
import { about } from "../failure.ts";
import { print, printJson } from "../output.ts";
import {
  ASKED_MAX,
  asUsage,
  highlighted,
  type OverlayPlan,
  readPlan,
  timeoutOf,
  timeoutOption,
  withHighlight,
} from "../overlay-query.ts";
import type { WalkedNode } from "../overlay-walk.ts";

interface StatusOptions extends ClientOptions, ColorOption {
  readonly rank: number;
  readonly verbose: number;
  readonly timeout?: number;
  readonly summary?: true;
  readonly down?: true;
  readonly pretty: boolean;
  readonly ghost: boolean;
  readonly highlight: readonly string[];
  readonly wait?: string;
}

const HELP = `
Status of a subtree:
  full      all of its brokers are there
  partial   some are offline
  degraded  some are lost
  lost      its broker has gone missing
  offline   its broker has not come yet, or was shut down`;

/** Levels as `-v`, `-vv`, `--verbose=2`. */
const levelArgument = argumentParser(
  (text) => (/^v*$/.test(text) ? text.length + 1 : /^\d$/.test(text) ? Number(text) : undefined),
  "a level as in --verbose=2",
);

/** `fluxbus overlay status`. Source: flux-overlay(1). */
export function overlayStatusCommand(): Command {
  return withHighlight(
    clientCommand(
      "status",
      'nested {"rank", "host", "status", "duration", "error", "failure", "ghost", "children"}',
    ),
  )
    .description("draw the tree with the status of each broker")
    .option("-r, --rank <RANK>", "only the subtree of this rank", rankArgument, 0)
    .addOption(
      new Option("-v, --verbose [LEVEL]", "say more: 1 is the time in the status, 2 (or -vv) round trips too")
        .preset("")
        .default(0, "0")
        .argParser(levelArgument),
    )
    .addOption(timeoutOption())
    .option("--summary", "print only the status of the whole subtree")
    .option("--down", "leave out subtrees that are full")
    .option("--no-pretty", "neither indent nor draw lines")
    .option("--no-ghost", "leave out brokers behind one that can't be asked")
    .addOption(colorOption())
    .addOption(
      new Option(
        "-w, --wait <STATUS>",
        "wait until the subtree has this status, no longer than --timeout",
      ).choices(["full", "partial", "offline", "degraded", "lost"]),
    )
    .addHelpText("after", HELP)
    .action((options: StatusOptions) =>
      withFlux(options, async (flux) => {
        const timeoutMs = await timeoutOf(flux, options.timeout);
        const plan = await readPlan(flux, timeoutMs);
        asUsage(() => plan.topology.rooted(options.rank));
        const highlight = highlighted(plan, options.highlight);
        const tree = await walk(flux, plan, options, timeoutMs);
        if (tree !== undefined) await show(tree, plan, options, highlight);
      }),
    );
}

/** The tree as it is to be printed; undefined for none of it. */
async function walk(
  flux: Flux,
  { topology }: OverlayPlan,
  options: StatusOptions,
  timeoutMs: number | undefined,
): Promise<WalkedNode | undefined> {
  const [{ askHealth, waitHealth }, { walkHealth, withoutFull }] = await Promise.all([
    import("../overlay-health.ts"),
    import("../overlay-walk.ts"),
  ]);
  const { rank: root, wait, summary = false, down = false, verbose } = options;
  const tree = await walkHealth(root, {
    ask: (rank) =>
      wait !== undefined && rank === root
        ? waitHealth(flux, rank, wait, timeoutMs)
        : askHealth(flux, rank, timeoutMs),
    subtree: (rank) => topology.subtree(rank),
    leaves: verbose > 1,
    ghosts: options.ghost,
    enters: (status) => !summary && !(down && status === "full"),
    // Round trips are those of one request on the way.
    most: verbose > 1 ? 1 : ASKED_MAX,
  });
  if (tree.failure !== undefined) await about("overlay.health", Promise.reject(tree.failure));
  return down && !summary ? withoutFull(tree) : tree;
}

async function show(
  tree: WalkedNode,
  { hosts }: OverlayPlan,
  options: StatusOptions,
  highlight: ReadonlySet<number>,
): Promise<void> {
  const [{ colorsFor }, { describeNode, statusLine, statusWords }, { drawTree }] = await Promise.all([
    import("../colors.ts"),
    import("../overlay-status-line.ts"),
    import("../tree-drawing.ts"),
  ]);
  if (options.json) return printJson(describeNode(tree, hosts));
  const colors = colorsFor(options.color);
  const style = { hosts, verbose: options.verbose, highlight, colors };
  if (options.summary) return print(statusWords(tree, style));
  const line = (node: WalkedNode): string => statusLine(node, style);
  print(drawTree(tree, line, { branches: options.pretty, paint: colors.dim }).join("\n"));
}

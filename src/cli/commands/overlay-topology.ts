import { rankArgument } from "../arguments.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import { type ColorOption, colorOption } from "../color-option.ts";
import type { Command } from "../commander.ts";
import { print, printJson } from "../output.ts";
import { asUsage, highlighted, readPlan, withHighlight } from "../overlay-query.ts";
import type { TopologyNode } from "../overlay-topology.ts";

interface TopologyOptions extends ClientOptions, ColorOption {
  readonly rank: number;
  readonly pretty: boolean;
  readonly highlight: readonly string[];
}

/** `fluxbus overlay topology`: the tree as it is meant to be, whoever is there. */
export function overlayTopologyCommand(): Command {
  return withHighlight(clientCommand("topology", 'nested {"rank", "host", "size", "children"}'))
    .description("draw the tree of ranks and hosts, whether or not they are there")
    .option("-r, --rank <RANK>", "only the subtree of this rank", rankArgument, 0)
    .option("--no-pretty", "neither indent nor draw lines")
    .addOption(colorOption())
    .action((options: TopologyOptions) =>
      withFlux(options, async (flux) => {
        const [{ colorsFor }, { nameLine }, { drawTree }] = await Promise.all([
          import("../colors.ts"),
          import("../overlay-status-line.ts"),
          import("../tree-drawing.ts"),
        ]);
        const plan = await readPlan(flux);
        const { hosts, topology } = plan;
        const root = asUsage(() => topology.rooted(options.rank));
        const highlight = highlighted(plan, options.highlight);
        const named = ({ rank, size, children }: TopologyNode): object => ({
          rank,
          host: hosts.hostOf(rank),
          size,
          children: children.map(named),
        });
        if (options.json) return printJson(named(root));
        const colors = colorsFor(options.color);
        const line = ({ rank }: TopologyNode): string => nameLine(rank, { hosts, highlight, colors });
        const lines = drawTree(root, line, { branches: options.pretty, paint: colors.dim });
        print(lines.join("\n"));
      }),
    );
}

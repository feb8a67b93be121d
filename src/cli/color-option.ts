import type { ColorWhen } from "./colors.ts";
import { Option } from "./commander.ts";

/** What `--color` leaves among the options of a command. */
export interface ColorOption {
  readonly color: ColorWhen;
}

/** `-L[WHEN]`, as the commands of flux(1) have it. */
export function colorOption(): Option {
  return new Option("-L, --color [WHEN]", "colorize output")
    .choices(["always", "never", "auto"])
    .preset("always")
    .default("auto");
}

import picocolors from "picocolors";

/** When output has colours. */
export type ColorWhen = "always" | "never" | "auto";

/** Functions that colour a text. */
export type Colors = ReturnType<typeof picocolors.createColors>;

/** Colours for stdout; `auto` means a terminal, and the wishes of NO_COLOR and FORCE_COLOR. */
export function colorsFor(when: ColorWhen): Colors {
  if (when !== "auto") return picocolors.createColors(when === "always");
  const { env, stdout } = process;
  if (env["NO_COLOR"]) return picocolors.createColors(false);
  return picocolors.createColors(
    Boolean(env["FORCE_COLOR"]) || (stdout.isTTY === true && env["TERM"] !== "dumb"),
  );
}

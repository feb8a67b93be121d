import { spawnSync } from "node:child_process";

/** Shows the cursor, in whatever way a program left the terminal. */
const SHOW_CURSOR = "\u001b[?25h\r\n";

/** Takes note of the settings of the terminal on standard input; returns what puts them back. Without a terminal it does nothing. */
export function saveTerminal(): () => void {
  if (process.stdin.isTTY !== true) return () => {};
  const { stdout, status } = spawnSync("stty", ["-g"], { stdio: ["inherit", "pipe", "ignore"] });
  return () => {
    if (status === 0) spawnSync("stty", [String(stdout).trim()], { stdio: ["inherit", "ignore", "ignore"] });
    process.stdout.write(SHOW_CURSOR);
  };
}

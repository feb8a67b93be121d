/** Texts by number, from 1 on. */
const TEXTS = [
  "Hangup",
  "Interrupt",
  "Quit",
  "Illegal instruction",
  "Trace/breakpoint trap",
  "Aborted",
  "Bus error",
  "Floating point exception",
  "Killed",
  "User defined signal 1",
  "Segmentation fault",
  "User defined signal 2",
  "Broken pipe",
  "Alarm clock",
  "Terminated",
  "Stack fault",
  "Child exited",
  "Continued",
  "Stopped (signal)",
  "Stopped",
  "Stopped (tty input)",
  "Stopped (tty output)",
  "Urgent I/O condition",
  "CPU time limit exceeded",
  "File size limit exceeded",
  "Virtual timer expired",
  "Profiling timer expired",
  "Window changed",
  "I/O possible",
  "Power failure",
  "Bad system call",
] as const;

/** The text of a Linux signal number, as strsignal(3) of the GNU C library gives it. */
export function strsignal(signum: number): string {
  const known = TEXTS[signum - 1];
  if (known !== undefined) return known;
  return signum >= 34 && signum <= 64 ? `Real-time signal ${signum - 34}` : `Unknown signal ${signum}`;
}

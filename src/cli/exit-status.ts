/** Exit statuses of `fluxbus`. `start` passes on the status of its command instead. */
export const ExitStatus = Object.freeze({
  /** Done. */
  OK: 0,
  /** The request failed, or there is no broker. */
  FAILED: 1,
  /** The command line is wrong: nothing was sent. */
  USAGE: 2,
  /** No response within the time given. As timeout(1). */
  TIMEOUT: 124,
  /** Who read the output has gone. As a program that SIGPIPE ends. */
  BROKEN_PIPE: 141,
});

/** A terminal, npm and the shell each pass the same Ctrl-C on; what comes this soon after the first is that one again. */
const SAME_SIGNAL_MS = 300;

/** Settles at the first SIGINT or SIGTERM. At a second one the process ends at once. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    function onSignal(): void {
      firstAt ??= performance.now();
      if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(130);
      resolve();
    }
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  });
}

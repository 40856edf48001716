import { setTimeout as after } from "node:timers/promises";
import type { Logger } from "./log.ts";
import { counter, gauge } from "./metrics.ts";

const runs = counter({
  name: "gatehouse.job.runs",
  unit: "{run}",
  help: "How often what is done again and again has been done, or has failed",
  labels: ["gatehouse.job", "outcome"],
});

const successAt = gauge({
  name: "gatehouse.job.success.timestamp",
  unit: "s",
  help: "When it was last done by this process; at first, when this process began with it",
  labels: ["gatehouse.job"],
});

const period = gauge({
  name: "gatehouse.job.period",
  unit: "s",
  help: "How long after it has ended it is done again",
  labels: ["gatehouse.job"],
});

const lag = gauge({
  name: "gatehouse.job.lag",
  unit: "s",
  help: "How long the oldest has waited of what is to be done, by whichever process",
  labels: ["gatehouse.job"],
});

export interface Job {
  /** As metrics call it. */
  name: string;
  everyMs: number;
  work(signal: AbortSignal): Promise<unknown>;
  /** What the log says where it fails. */
  failure: string;
  /** How long the oldest has waited of what is to be done; 0 where nothing is. */
  findLagSeconds?: () => Promise<number>;
}

const LOOK_EVERY_MS = 5000;

/** Does it again and again, `everyMs` after it has ended, until it is disposed. Keeps no process alive. */
export function keepDoing({ name, everyMs, work, failure, findLagSeconds }: Job, log: Logger): AsyncDisposable {
  const ending = new AbortController();
  const { signal } = ending;
  let doneAt = Date.now();
  let lagSeconds: number | null = null;

  async function run(): Promise<void> {
    try {
      await work(signal);
      doneAt = Date.now();
      runs.add(1, name, "ok");
    } catch (err) {
      runs.add(1, name, "failed");
      log.error({ err }, failure);
    }
  }

  async function look(): Promise<void> {
    lagSeconds = await findLagSeconds!().catch(() => null);
  }

  const observed = new DisposableStack();
  observed.use(successAt.observe(() => [[doneAt / 1000, name]]));
  observed.use(period.observe(() => [[everyMs / 1000, name]]));
  observed.use(lag.observe(() => (lagSeconds === null ? [] : [[lagSeconds, name]])));
  const running = [repeat(everyMs, signal, run)];
  if (findLagSeconds) running.push(repeat(LOOK_EVERY_MS, signal, look));
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await Promise.all(running);
      observed.dispose();
    },
  };
}

async function repeat(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (;;) {
    await after(ms, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return;
    await work();
  }
}

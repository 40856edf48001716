import { AsyncLocalStorage } from "node:async_hooks";
import type { Logger } from "@gatehouse/telemetry/log";

type Tell = (count: number) => Promise<void>;

/** What may come in floods: the first of a cause is told at once, and how many followed once a minute. */
export interface Tally extends AsyncDisposable {
  /** Nobody waits for it: that something is told must not show in the time that an answer takes. */
  note(cause: string, tell: Tell): void;
}

const TELL_EVERY_MS = 60_000;

export function openTally({ log }: { log: Logger }): Tally {
  const followed = new Map<string, { tell: Tell; count: number }>();

  const say = (tell: Tell, count: number): Promise<void> =>
    tell(count).catch((error) => log.error({ err: error }, "refusals were not recorded"));

  async function tellAll(): Promise<void> {
    const all = [...followed.values()];
    followed.clear();
    for (const { tell, count } of all) if (count > 0) await say(tell, count);
  }

  const timer = setInterval(tellAll, TELL_EVERY_MS).unref();
  return {
    note(cause, tell) {
      const known = followed.get(cause);
      if (known) {
        known.count++;
        return;
      }
      followed.set(cause, { tell: AsyncLocalStorage.bind(tell), count: 0 });
      void say(tell, 1);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await tellAll();
    },
  };
}

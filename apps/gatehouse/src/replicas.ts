import { Fault } from "@gatehouse/faults";
import { connectionSettings, type DatabaseAccess } from "@gatehouse/store/database";
import { type HeldLock, holdLock } from "@gatehouse/store/databases";
import type { Logger } from "@gatehouse/telemetry/log";

const ALONE_LOCK = "gatehouse with its state in memory";
const RETAKE_INTERVAL_MS = 1000;

/**
 * With its state in memory, one gateway serves a database. Throws `conflict` where another does. If the connection that
 * the lock lives on breaks, the lock is taken again as soon as the database is back.
 */
export async function standAlone(access: DatabaseAccess, log: Logger): Promise<AsyncDisposable> {
  const settings = connectionSettings(access, "gatehouse_gateway");
  let lock = await holdLock(settings, ALONE_LOCK);
  if (!lock) {
    const remedy = "For more than one, give all of them the same REDIS_URL.";
    throw new Fault("conflict", `Another Gatehouse serves this database. Stop it first. ${remedy}`);
  }
  let retaking: NodeJS.Timeout | undefined;
  let closed = false;

  async function retake(): Promise<void> {
    const taken = await holdLock(settings, ALONE_LOCK).catch(() => null);
    if (closed) return taken?.[Symbol.asyncDispose]();
    if (taken) return watch(taken);
    log.warn("the lock that keeps other replicas away is not ours; trying again");
    retaking = setTimeout(retake, RETAKE_INTERVAL_MS);
  }
  function watch(held: HeldLock): void {
    lock = held;
    held.lost.then(() => {
      if (!closed) void retake();
    });
  }

  watch(lock);
  return {
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(retaking);
      await lock?.[Symbol.asyncDispose]();
    },
  };
}

/** For `catch`: what kept us from listening to other replicas. */
export function explainInternal(host: string, port: number): (error: unknown) => never {
  return function explain(error): never {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EADDRINUSE") {
      throw new Fault(
        "conflict",
        `Port ${port} is taken by another process. Choose another (GATEHOUSE_INTERNAL_PORT).`,
      );
    }
    if (code !== "EADDRNOTAVAIL" && code !== "ENOTFOUND") throw error;
    throw new Fault("invalid_fields", `GATEHOUSE_INTERNAL_HOST is ${host}, which is no address of this machine.`);
  };
}

/** For `catch`: what kept us from Redis, with its host and without its password. */
export function explainRedis(redisUrl: string | undefined): (error: unknown) => never {
  return function explain(error): never {
    const place = redisUrl && URL.canParse(redisUrl) ? new URL(redisUrl).host : redisUrl;
    const reason = (error as Error).message.replace(/\.$/, "");
    throw new Fault("unavailable", `Redis at ${place} cannot be reached: ${reason} (REDIS_URL).`, { cause: error });
  };
}

import { dbOperationDuration } from "@gatehouse/telemetry/events";
import { Redis } from "ioredis";
import { type Limiter, openLimiter } from "./limiter.ts";

/**
 * What replicas share quickly: small values with a time to live, rates, and hints. It is in Redis, or in memory where
 * there is one process. Its loss costs a client a new session, and never anything that is true only here.
 */
export interface State extends AsyncDisposable {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, ttlSeconds: number): Promise<void>;
  /** Sets it where it is not set yet, and answers what is there then. */
  claim(key: string, value: string, ttlSeconds: number): Promise<string>;
  delete(key: string): Promise<void>;
  /** Tells every replica, this one included. A hint may be lost: after a gap, assume that everything changed. */
  hint(topic: string, value: string): void;
  onHint(topic: string, listener: (value: string) => void): void;
  /** Hints may have been lost. */
  onGap(listener: () => void): void;
  /** Whether it answers. Where it does not, limits are counted by each replica, and no session opens. */
  isUp(): Promise<boolean>;
  readonly limiter: Limiter;
}

/** Throws where `redisUrl` is given and Redis does not answer within 10 s: a machine that starts is slow. */
export async function openState({ redisUrl }: { redisUrl?: string | undefined } = {}): Promise<State> {
  return redisUrl ? openRedisState(redisUrl) : openMemoryState();
}

function openMemoryState(): State {
  const values = new Map<string, { value: string; expiresAt: number }>();
  const listeners = openListeners();
  async function get(key: string): Promise<string | null> {
    const entry = values.get(key);
    return entry && entry.expiresAt > Date.now() ? entry.value : null;
  }
  async function set(key: string, value: string, ttlSeconds: number): Promise<void> {
    values.set(key, { value, expiresAt: Date.now() + ttlSeconds * 1000 });
  }
  const sweep = setInterval(() => {
    const now = Date.now();
    for (const [key, { expiresAt }] of values) if (expiresAt <= now) values.delete(key);
  }, 30_000);
  sweep.unref();
  const limiter = openLimiter(null);
  return {
    ...{ get, set },
    async claim(key, value, ttlSeconds) {
      const there = await get(key);
      if (there === null) await set(key, value, ttlSeconds);
      return there ?? value;
    },
    async delete(key) {
      values.delete(key);
    },
    hint: listeners.tell,
    onHint: listeners.add,
    onGap() {},
    isUp: async () => true,
    limiter,
    async [Symbol.asyncDispose]() {
      limiter.close();
      clearInterval(sweep);
    },
  };
}

const PREFIX = "gatehouse:";
const HINTS = `${PREFIX}hints`;

async function openRedisState(redisUrl: string): Promise<State> {
  // A command that Redis does not answer fails after 2 s; it is not queued for when Redis is back.
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    enableOfflineQueue: false,
    commandTimeout: 2000,
  });
  const limits = new Redis(redisUrl, {
    lazyConnect: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    commandTimeout: 2000,
  });
  const subscriber = new Redis(redisUrl, { lazyConnect: true });
  measure(redis, "redis");
  measure(limits, "redis limits");
  function disconnect(): void {
    for (const connection of [subscriber, limits, redis]) connection.disconnect();
  }
  try {
    await Promise.all([redis, limits, subscriber].map(connect));
    await subscriber.subscribe(HINTS);
  } catch (error) {
    disconnect();
    throw error;
  }
  const listeners = openListeners();
  const gapListeners: (() => void)[] = [];
  const limiter = openLimiter(limits);
  subscriber.on("ready", async () => {
    await subscriber.subscribe(HINTS).catch(() => {});
    for (const listener of gapListeners) listener();
  });
  subscriber.on("message", (_channel: string, message: string) => {
    const split = message.indexOf(" ");
    listeners.tell(message.slice(0, split), message.slice(split + 1));
  });
  return {
    get: (key) => redis.get(PREFIX + key),
    async set(key, value, ttlSeconds) {
      await redis.set(PREFIX + key, value, "EX", ttlSeconds);
    },
    async claim(key, value, ttlSeconds) {
      if (await redis.set(PREFIX + key, value, "EX", ttlSeconds, "NX")) return value;
      return (await redis.get(PREFIX + key)) ?? value;
    },
    async delete(key) {
      await redis.del(PREFIX + key);
    },
    hint(topic, value) {
      redis.publish(HINTS, `${topic} ${value}`).catch(() => {});
    },
    onHint: listeners.add,
    onGap: (listener) => void gapListeners.push(listener),
    isUp() {
      return redis.ping().then(
        () => true,
        () => false,
      );
    },
    limiter,
    async [Symbol.asyncDispose]() {
      limiter.close();
      disconnect();
    },
  };
}

/**
 * ioredis connects again by itself; what fails meanwhile is told by the command that failed. The first time, it counts
 * as failed only where waiting does not help: the handshake's commands have no more time than the others, and a machine
 * that starts is slow.
 */
async function connect(redis: Redis): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const deadline = setTimeout(() => reject(new Error("no answer within 10 s")), 10_000).unref();
  redis.on("error", (error) => {
    if (error.message !== "Command timed out") reject(error);
  });
  redis.once("ready", resolve);
  redis.connect().catch(() => {});
  await promise.finally(() => clearTimeout(deadline));
}

/** Each command, from being sent to its answer. */
function measure(redis: Redis, pool: string): void {
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = function measured(command, stream) {
    const began = performance.now();
    const record = (error?: { name: string }) =>
      dbOperationDuration.record((performance.now() - began) / 1000, null, "redis", pool, error?.name);
    command.promise.then(() => record(), record);
    return send(command, stream);
  };
}

function openListeners() {
  const byTopic = new Map<string, ((value: string) => void)[]>();
  return {
    add(topic: string, listener: (value: string) => void) {
      byTopic.set(topic, [...(byTopic.get(topic) ?? []), listener]);
    },
    tell(topic: string, value: string) {
      for (const listener of byTopic.get(topic) ?? []) listener(value);
    },
  };
}

import { randomUUID } from "node:crypto";
import { setTimeout as after, setImmediate as immediately } from "node:timers/promises";
import { limitLots } from "@gatehouse/telemetry/events";
import type { Redis } from "ioredis";

/** What a replica tells of its own part in a count that all share, and what it asks for. */
export interface Asked {
  max: number;
  /** The slot that it is now, and how many before it count too. */
  slot: number;
  slots: number;
  /** What this replica has used, as slot and count in turn: in place of what it told of these slots before. */
  used: number[];
  /** What it still has of what it was given. */
  held: number;
  /** What it needs now, and up to how much more it would take along where there is plenty. */
  wanted: number;
  lot: number;
  /** After which the count as a whole may be forgotten. */
  keepMs: number;
}

export interface Given {
  points: number;
  /** What all replicas have used and hold, without what is given now. */
  total: number;
  /** The oldest slot in which anything was used. */
  oldest: number;
  /** `false` where Redis has not heard of this replica, or has lost what it was told. */
  isKnown: boolean;
  /** Nobody had told of this count. */
  isFresh: boolean;
}

/** Counts that replicas share. What a replica is given it has `LEASE_MS` to use, and then it is anybody's again. */
export interface Shares {
  /** `null` where Redis is away. Settles within 50 ms. */
  ask(key: string, holder: string, asked: Asked): Promise<Given | null>;
  /** A name for one who asks: what they have told stays told when they are gone. */
  newHolder(): string;
  /** Where Redis has not answered and this is so, it is slow: others may have been answered. */
  isConnected(): boolean;
  /** What each replica may take while Redis is away. */
  shareOf(max: number): number;
  /** What of the rest this replica may take while Redis is slow: of the last quarter nothing, as others may be given that. */
  partOf(rest: number, max: number): number;
  close(): void;
}

export const LEASE_MS = 5000;
const WITHIN_MS = 50;
/** After Redis has not answered in time, nobody else waits until it has, or for so long. */
const AWAY_MS = 500;
const BEAT_MS = 1000;
const PEERS = "gatehouse:limits:replicas";

/**
 * A count is a hash: `slot:holder` is what a holder has used in a slot, `held:holder` what it was given and has not used, and
 * until when. All write their own fields alone, so that telling something twice does no harm. A quarter of what is left is
 * the most that is given unasked: the nearer the end, the smaller the lots.
 */
const ASK = `
  local me, slot, slots, max = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
  local held, wanted, lot = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
  local time = redis.call('time')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local total, oldest, known = held, slot, redis.call('hexists', KEYS[1], 'held:' .. me)
  local fresh = 1 - redis.call('exists', KEYS[1])
  for i = 10, #ARGV, 2 do redis.call('hset', KEYS[1], ARGV[i] .. ':' .. me, ARGV[i + 1]) end
  local fields = redis.call('hgetall', KEYS[1])
  for i = 1, #fields, 2 do
    local at, who = string.match(fields[i], '^([^:]+):(.+)$')
    if at == 'held' then
      local points, till = string.match(fields[i + 1], '^(%d+) (%d+)$')
      if who ~= me and tonumber(till) > now then total = total + tonumber(points) end
    elseif tonumber(at) < slot - slots then redis.call('hdel', KEYS[1], fields[i])
    else
      total = total + tonumber(fields[i + 1])
      oldest = math.min(oldest, tonumber(at))
    end
  end
  local left = max - total
  local given = math.max(0, math.min(left, math.max(wanted, math.min(lot, math.floor(left / 4)))))
  redis.call('hset', KEYS[1], 'held:' .. me, string.format('%.0f %.0f', held + given, now + tonumber(ARGV[8])))
  redis.call('pexpire', KEYS[1], ARGV[9])
  return {given, total, oldest, known, fresh}`;

type Asking = Redis & {
  askForShare(key: string, ...args: (string | number)[]): Promise<[number, number, number, number, number]>;
};

export function openShares(connection: Redis): Shares {
  const redis = connection as Asking;
  const replica = randomUUID();
  let awayUntil = 0;
  let peers = 1;
  let holders = 0;
  redis.defineCommand("askForShare", { numberOfKeys: 1, lua: ASK });

  async function beat(): Promise<void> {
    const now = Date.now();
    await redis.zadd(PEERS, now, replica);
    await redis.zremrangebyscore(PEERS, 0, now - 3 * BEAT_MS);
    peers = Math.max(1, await redis.zcard(PEERS));
  }

  const beating = setInterval(() => beat().catch(() => {}), BEAT_MS);
  beating.unref();
  beat().catch(() => {});

  async function askInTime(
    key: string,
    holder: string,
    { max, slot, slots, used, held, wanted, lot, keepMs }: Asked,
  ): Promise<Given | null> {
    if (redis.status !== "ready" || performance.now() < awayUntil) return null;
    const amounts = [slot, slots, max, held, wanted, lot, LEASE_MS, Math.ceil(keepMs)];
    const answer = redis.askForShare(key, holder, ...amounts, ...used).catch(() => null);
    const inTime = await Promise.race([answer, deadline()]);
    if (inTime === null) {
      awayUntil = performance.now() + AWAY_MS;
      answer.then((late) => {
        if (late) awayUntil = 0;
      });
      return null;
    }
    const [points, total, oldest, known, fresh] = inTime;
    return { points, total, oldest, isKnown: known === 1, isFresh: fresh === 1 };
  }

  return {
    async ask(key, holder, asked) {
      const given = await askInTime(key, holder, asked);
      limitLots.add(1, given ? "redis" : "insurance");
      return given;
    },
    newHolder: () => `${replica}/${holders++}`,
    isConnected: () => redis.status === "ready",
    shareOf: (max) => Math.max(1, Math.floor(max / peers)),
    partOf: (rest, max) => Math.max(0, Math.floor((rest - max / 4) / peers)),
    close() {
      clearInterval(beating);
      redis.zrem(PEERS, replica).catch(() => {});
    },
  };
}

/** What has arrived while this process was busy is read before the time is up. */
async function deadline(): Promise<null> {
  await after(WITHIN_MS, null, { ref: false });
  await immediately();
  return null;
}

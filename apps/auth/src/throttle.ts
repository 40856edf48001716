import { createHmac } from "node:crypto";
import { isIPv6 } from "node:net";
import { Fault } from "@gatehouse/faults";
import { deleteAttempts, returnAttempt, takeAttempt } from "@gatehouse/store/attempts";
import type { Database } from "@gatehouse/store/database";
import type { Vault } from "@gatehouse/vault/vault";

/** Who is trying, and at whose account. */
export interface Attempt {
  email: string;
  /** Where the request comes from. */
  address: string;
}

export interface Throttle {
  /** Counts a guess at a password before it is judged; tells how many there were at this account. Throws `rate_limited`. */
  takeGuess(attempt: Attempt): Promise<number>;
  /** The password was right: it was no guess, and what this address guessed wrong before is forgotten. */
  forgetGuess(attempt: Attempt): Promise<void>;
  /** Somebody has shown that the account is theirs: whoever was guessing at it does not keep them out. */
  forgetGuessesAt(email: string): Promise<void>;
  /** Counts a mail that somebody has sent to an address that may not be theirs. Throws `rate_limited`. */
  takeMail(attempt: Attempt): Promise<void>;
}

interface Limit {
  name: string;
  countMax: number;
  windowSeconds: number;
}

const QUARTER_HOUR = 15 * 60;
const HOUR = 60 * 60;

const LIMITS = {
  guessesFromOneAddress: { name: "guess at from", countMax: 5, windowSeconds: QUARTER_HOUR },
  guessesFromEverywhere: { name: "guess at", countMax: 50, windowSeconds: QUARTER_HOUR },
  guessesAtEverybody: { name: "guess from", countMax: 100, windowSeconds: QUARTER_HOUR },
  mailsToOne: { name: "mail to", countMax: 5, windowSeconds: HOUR },
  mailsFromOneAddress: { name: "mail from", countMax: 50, windowSeconds: HOUR },
} satisfies Record<string, Limit>;

/**
 * Counts in the database, so that replicas share it. An account that does not exist is counted like any other, so that
 * the limits tell nothing.
 */
export function openThrottle({ db, vault }: { db: Database; vault: Vault }): Throttle {
  const secret = vault.derive("attempts");
  const keyOf = ({ name }: Limit, ...about: string[]) =>
    createHmac("sha256", secret)
      .update(JSON.stringify([name, ...about]))
      .digest();

  async function take(limit: Limit, keyHash: Buffer): Promise<number> {
    const { count, expiresAt } = await takeAttempt(db, { keyHash, windowSeconds: limit.windowSeconds });
    if (count > limit.countMax) throw tooMany(expiresAt);
    return count;
  }

  const keysOf = (attempt: Attempt) => {
    const email = attempt.email.toLowerCase();
    const network = networkOf(attempt.address);
    return {
      here: keyOf(LIMITS.guessesFromOneAddress, email, network),
      everywhere: keyOf(LIMITS.guessesFromEverywhere, email),
      anybody: keyOf(LIMITS.guessesAtEverybody, network),
      mailTo: keyOf(LIMITS.mailsToOne, email),
      mailFrom: keyOf(LIMITS.mailsFromOneAddress, network),
    };
  };

  return {
    async takeGuess(attempt) {
      const { here, everywhere, anybody } = keysOf(attempt);
      await take(LIMITS.guessesFromOneAddress, here);
      await take(LIMITS.guessesAtEverybody, anybody);
      return take(LIMITS.guessesFromEverywhere, everywhere);
    },
    async forgetGuess(attempt) {
      const { here, everywhere, anybody } = keysOf(attempt);
      await deleteAttempts(db, here);
      await returnAttempt(db, everywhere);
      await returnAttempt(db, anybody);
    },
    async forgetGuessesAt(email) {
      await deleteAttempts(db, keysOf({ email, address: "" }).everywhere);
    },
    async takeMail(attempt) {
      const { mailTo, mailFrom } = keysOf(attempt);
      await take(LIMITS.mailsFromOneAddress, mailFrom);
      await take(LIMITS.mailsToOne, mailTo);
    },
  };
}

/** A household has one IPv4 address, or 2^64 of IPv6. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const { hostname } = new URL(`http://[${address.replace(/%.*$/, "")}]`);
  const [front = "", back = ""] = hostname.slice(1, -1).split("::");
  const before = front.split(":").filter(Boolean);
  const after = back.split(":").filter(Boolean);
  const groups = [...before, ...Array(Math.max(8 - before.length - after.length, 0)).fill("0"), ...after];
  return groups.slice(0, 4).join(":");
}

function tooMany(expiresAt: Date): Fault {
  const seconds = Math.max(Math.ceil((expiresAt.getTime() - Date.now()) / 1000), 1);
  const minutes = Math.ceil(seconds / 60);
  const wait = minutes === 1 ? "a minute" : `${minutes} minutes`;
  const problem = `Too many attempts with this email address, or from your network. Please wait ${wait} and try again.`;
  return new Fault("rate_limited", problem, { headers: { "retry-after": String(seconds) } });
}

import { Fault } from "@gatehouse/faults";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

/** Who is guessing at whose password. */
interface Guess {
  email: string;
  address: string;
}

export interface Throttle {
  /** Counts a guess before it is judged. Throws `rate_limited` once there were too many. */
  take(guess: Guess): Promise<void>;
  /** The password was right: it was no guess, and what this address guessed wrong before is forgotten. */
  forget(guess: Guess): Promise<void>;
}

const WINDOW_SECONDS = 15 * 60;

/**
 * Five guesses at one account from one address, and fifty from everywhere, in a quarter of an hour. An account that does
 * not exist is counted like any other, so that the limit tells nothing.
 */
export function openThrottle(): Throttle {
  const fromOneAddress = new RateLimiterMemory({ points: 5, duration: WINDOW_SECONDS });
  const fromEverywhere = new RateLimiterMemory({ points: 50, duration: WINDOW_SECONDS });
  const keyOf = ({ email, address }: Guess) => `${address} ${email}`;
  return {
    async take(guess) {
      await fromOneAddress.consume(keyOf(guess)).catch(refuse);
      await fromEverywhere.consume(guess.email).catch(refuse);
    },
    async forget(guess) {
      await fromOneAddress.delete(keyOf(guess));
      await fromEverywhere.reward(guess.email);
    },
  };
}

function refuse(thrown: unknown): never {
  if (!(thrown instanceof RateLimiterRes)) throw thrown;
  const seconds = Math.ceil(thrown.msBeforeNext / 1000);
  const minutes = Math.ceil(seconds / 60);
  const problem = `Too many attempts to sign in with this email address. Please wait ${minutes === 1 ? "a minute" : `${minutes} minutes`} and try again.`;
  throw new Fault("rate_limited", problem, { headers: { "retry-after": String(seconds) } });
}

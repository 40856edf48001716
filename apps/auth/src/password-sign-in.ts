import { Fault } from "@gatehouse/faults";
import type { Database } from "@gatehouse/store/database";
import { findUserByEmail, type User } from "@gatehouse/store/users";
import { verifyPassword } from "./password.ts";
import type { Attempt, Throttle } from "./throttle.ts";

const REFUSED = "The email address or the password is not right.";

export interface PasswordCheck {
  db: Database;
  throttle: Throttle;
  /** Told of a wrong password for an account that there is, and the how manieth it was. Nobody waits for it. */
  onRefused: (user: User, count: number) => void;
  /** Told of a guess too many, whether or not there is such an account. */
  onLimited?: () => void;
}

/** Who has this email address and password. Throws alike where there is no such account, and where the password is wrong. */
export async function checkPassword(
  { db, throttle, onRefused, onLimited }: PasswordCheck,
  { email, password, address }: Attempt & { password: string },
): Promise<User> {
  const attempt = { email, address };
  const count = await throttle.takeGuess(attempt).catch((error) => {
    if (error instanceof Fault && error.code === "rate_limited") onLimited?.();
    throw error;
  });
  const user = await findUserByEmail(db, email);
  const matches = await verifyPassword(user?.passwordHash ?? null, password);
  if (user && matches) {
    await throttle.forgetGuess(attempt);
    return user;
  }
  if (user) onRefused(user, count);
  throw new Fault("invalid_fields", REFUSED, { data: { fields: { password: REFUSED } } });
}

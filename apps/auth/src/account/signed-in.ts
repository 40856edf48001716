import { Fault } from "@gatehouse/faults";
import { findUser, type User } from "@gatehouse/store/users";
import type { AccountContext, AccountDeps } from "./form.ts";

export interface SignedIn {
  user: User;
  sessionHash: Buffer;
}

export async function findSignedIn({ db, browserSessions }: AccountDeps, c: AccountContext): Promise<SignedIn | null> {
  const session = await browserSessions.find(c);
  const user = session && (await findUser(db, session.userId));
  return user ? { user, sessionHash: session.sessionHash } : null;
}

/** Throws `not_signed_in`, which leads to the sign-in page and back. */
export async function requireSignedIn(deps: AccountDeps, c: AccountContext): Promise<SignedIn> {
  const signedIn = await findSignedIn(deps, c);
  if (!signedIn) throw new Fault("not_signed_in", "Please sign in first");
  return signedIn;
}

/** The sign-in page, which leads back to `path`. */
export function signInUrl(path: string): string {
  return `/dashboard/login?return=${encodeURIComponent(path)}`;
}

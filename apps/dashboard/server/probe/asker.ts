import type { Access } from "@gatehouse/credentials/access";
import {
  ASSERTIONS,
  type AssertionKey,
  audienceOf,
  type Caller,
  openAssertionKey,
} from "@gatehouse/oauth/client/assertion";
import type { User } from "@gatehouse/store/users";
import type { DashboardDeps } from "../dashboard.ts";

/** Who has an upstream looked at, where that upstream is told who calls. */
export interface Asker extends Caller {
  assertions: AssertionKey;
}

export function askerOf(
  { vault, publicUrl }: Pick<DashboardDeps, "vault" | "publicUrl">,
  { org, user }: { org: Caller["org"]; user: User },
): Asker {
  const assertions = openAssertionKey({ issuer: publicUrl.origin, secret: vault.derive(ASSERTIONS) });
  return { assertions, subject: user.id, email: user.email || null, clientId: "dashboard", org };
}

/** What opens an upstream that is told so; nothing where it is not. */
export function asserted(access: Access, asker: Asker, url: URL) {
  const ways = access.filter(({ kind }) => kind === "assertion");
  return ways.map((way) => ({ way, secret: { accessToken: asker.assertions.sign(asker, audienceOf(url)) } }));
}

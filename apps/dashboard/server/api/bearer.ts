import { Fault } from "@gatehouse/faults";
import { digestOf, openStaticTokens, STATIC_TOKENS } from "@gatehouse/oauth/static-token";
import { type Database, withOrg } from "@gatehouse/store/database";
import { findManagementToken, type ManagementToken, noteTokenUse } from "@gatehouse/store/static-tokens";
import type { Vault } from "@gatehouse/vault/vault";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";

/** What a request came with in place of a browser's session. */
export interface Bearer extends ManagementToken {
  orgId: string;
}

/** `null` where there is no `Authorization`. Throws where what it has opens nothing here. */
export function findBearer({ db, vault }: { db: Database; vault: Vault }) {
  const tokens = openStaticTokens({ key: vault.derive(STATIC_TOKENS) });

  async function find(token: string): Promise<Bearer | null> {
    const digest = digestOf(token);
    const orgId = tokens.orgOf(token, digest);
    if (orgId === null) return null;
    return withOrg(db, orgId, async (scope) => {
      const found = await findManagementToken(scope, Buffer.from(digest, "base64"));
      if (found) await noteTokenUse(scope, found.id);
      return found && { ...found, orgId };
    });
  }

  return async function findBearer(c: Context): Promise<Bearer | null> {
    const authorization = c.req.header("authorization");
    if (authorization === undefined) return null;
    const token = /^bearer +([^ ]+) *$/i.exec(authorization)?.[1];
    const bearer = token === undefined ? null : await find(token);
    if (!bearer) throw notOurs();
    return bearer;
  };
}

/** A token that only reads changes nothing of its org's. */
export const requireScope = createMiddleware<{ Variables: { bearer: Bearer | null } }>(
  async function requireScope(c, next) {
    const { bearer } = c.var;
    if (bearer && !isRead(c.req.method) && !bearer.scopes.includes("manage:write")) throw readsOnly();
    await next();
  },
);

export const isRead = (method: string): boolean => method === "GET" || method === "HEAD";

function notOurs(): Fault {
  const sentence = "This token does not open the management API: it was mistyped, has ended, or is one for connectors";
  return new Fault("invalid_token", sentence, { headers: { "www-authenticate": 'Bearer error="invalid_token"' } });
}

function readsOnly(): Fault {
  const challenge = 'Bearer error="insufficient_scope", scope="manage:write"';
  return new Fault("insufficient_scope", "This token reads, and changes nothing: mint one with manage:write", {
    headers: { "www-authenticate": challenge },
  });
}

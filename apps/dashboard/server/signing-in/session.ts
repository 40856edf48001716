import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import { actingWith } from "@gatehouse/store/acting-token";
import {
  type BrowserSession,
  deleteBrowserSession,
  deleteExpiredBrowserSessions,
  findBrowserSession,
  insertBrowserSession,
} from "@gatehouse/store/browser-sessions";
import { noteBrowserSeen } from "@gatehouse/store/browsers";
import { type Database, withMember } from "@gatehouse/store/database";
import { insertAuditInOrgsOf } from "@gatehouse/store/members";
import { isOperator } from "@gatehouse/store/operators";
import { listMembershipsOfUser } from "@gatehouse/store/orgs";
import type { User } from "@gatehouse/store/users";
import { type Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import { buildEndSessionUrl } from "openid-client";
import { z } from "zod";
import { type Bearer, findBearer, isRead } from "../api/bearer.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";
import { RoleField } from "../people/roles.ts";
import { isPublic } from "./is-public.ts";

const SESSION_SECONDS = 12 * 60 * 60;

/** Who asks: in a browser, or by a token. */
export interface SignedIn {
  Variables: { session: Pick<BrowserSession, "user">; browser: BrowserSession | null; bearer: Bearer | null };
}

export interface BrowserSessions {
  /** Ends the one that the browser has, and gives it a new one. */
  start(c: Context, signedIn: { userId: string; sessionHash: Buffer | null }): Promise<void>;
  find(c: Context): Promise<BrowserSession | null>;
  end(c: Context): Promise<void>;
}

/** The browser holds 256 random bits; what they stand for is in Postgres, under their SHA-256. */
export function browserSessions({ db, publicUrl }: { db: Database; publicUrl: URL }): BrowserSessions {
  const cookie = cookieFor(publicUrl, "session");

  async function forget(c: Context): Promise<void> {
    const id = getCookie(c, cookie.name);
    if (id) await deleteBrowserSession(db, sha256(id));
  }

  return {
    async start(c, { userId, sessionHash }) {
      await forget(c);
      await deleteExpiredBrowserSessions(db);
      const id = randomBytes(32).toString("base64url");
      const csrfToken = randomBytes(32).toString("base64url");
      const expiresAt = new Date(Date.now() + SESSION_SECONDS * 1000);
      await insertBrowserSession(db, { idHash: sha256(id), userId, csrfToken, sessionHash, expiresAt });
      setCookie(c, cookie.name, id, { ...cookie.attributes, maxAge: SESSION_SECONDS });
    },
    async find(c) {
      const id = getCookie(c, cookie.name);
      return id ? findBrowserSession(db, sha256(id)) : null;
    },
    async end(c) {
      await forget(c);
      deleteCookie(c, cookie.name, cookie.attributes);
    },
  };
}

/** `__Host-` (RFC 6265bis §4.1.3.2) wherever there is https; browsers refuse it on plain http. */
export function cookieFor(publicUrl: URL, purpose: string) {
  const secure = publicUrl.protocol === "https:";
  const name = `${secure ? "__Host-" : ""}gatehouse-${purpose}`;
  return { name, attributes: { path: "/", httpOnly: true, sameSite: "Lax", secure } as const };
}

/**
 * A token, or else a signed-in browser, which shows the session's CSRF token and our own `Origin` for whatever changes
 * something. No browser sends a token by itself.
 */
export function requireCaller(deps: Pick<Deps, "db" | "vault" | "publicUrl">) {
  const sessions = browserSessions(deps);
  const bearerOf = findBearer(deps);
  return createMiddleware<SignedIn>(async function requireCaller(c, next) {
    const bearer = await bearerOf(c);
    c.set("bearer", bearer);
    if (bearer) {
      c.set("browser", null);
      c.set("session", { user: bearer.holder });
      await actingWith(bearer, next);
    } else {
      const browser = await sessions.find(c);
      if (!browser) throw new Fault("not_signed_in", "You are not signed in, or your session has ended");
      if (!isRead(c.req.method)) refuseForgery(c, browser, deps.publicUrl);
      c.set("browser", browser);
      c.set("session", browser);
      await next();
    }
    c.header("cache-control", "no-store");
    c.header("x-content-type-options", "nosniff");
  });
}

/** As mail says who has it sent; a service account has no address. */
export const signatureOf = ({ name, email }: User): string => (email ? `${name} (${email})` : name);

function refuseForgery(c: Context, { csrfToken }: BrowserSession, publicUrl: URL): void {
  if (c.req.header("origin") !== publicUrl.origin) {
    throw new Fault("forbidden", "This request comes from another site, and only the dashboard itself may send it");
  }
  if (!timingSafeEqual(sha256(c.req.header("x-csrf-token") ?? ""), sha256(csrfToken))) {
    throw new Fault("forbidden", "The header x-csrf-token is missing, or is not this session's; reload the page");
  }
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

const SessionAnswer = z.object({
  user: z.object({ email: z.string(), name: z.string() }),
  orgs: z.array(z.object({ slug: z.string(), name: z.string(), role: RoleField })),
  mayCreateOrg: z.boolean(),
  isOperator: z.boolean(),
  csrfToken: z.string(),
  /** Clients that call from elsewhere can reach us. */
  isPublic: z.boolean(),
});

/** `/api/session` */
export function session({ db, publicUrl, issuer, signup = "invite" }: Deps) {
  const sessions = browserSessions({ db, publicUrl });
  return (
    new Hono<SignedIn>()
      .get(
        "/",
        operation("readSession", {
          summary: "Read who is signed in, and to which orgs",
          needs: "be signed in",
          answers: SessionAnswer,
        }),
        async function readSession(c) {
          const { user, csrfToken, sessionHash } = c.var.browser!;
          if (sessionHash) await noteBrowserSeen(db, sessionHash);
          const memberships = await listMembershipsOfUser(db, user.id);
          const orgs = memberships.map(({ org, role }) => ({ slug: org.slug, name: org.name, role }));
          const ownsAny = orgs.some(({ role }) => role === "owner");
          const mayCreateOrg = signup === "open" || (signup === "invite" && ownsAny);
          return c.json({
            user: { email: user.email, name: user.name },
            ...{ orgs, mayCreateOrg, csrfToken, isOperator: await isOperator(db, user.id) },
            /** Clients that call from elsewhere can reach us. */
            isPublic: isPublic(publicUrl),
          });
        },
      )
      // OpenID Connect RP-Initiated Logout: without it, the next visit would sign in again and ask nobody.
      .post(
        "/logout",
        operation("signOut", {
          summary: "Sign out; the browser goes on to where the answer says",
          needs: "be signed in",
          answers: z.object({ signOutUrl: z.url() }),
        }),
        async function logout(c) {
          await sessions.end(c);
          const { user } = c.var.session;
          await withMember(db, user.id, (transaction) =>
            insertAuditInOrgsOf(transaction, user.id, {
              event: "sign_out",
              outcome: "ok",
              entry: { client: "dashboard" },
            }),
          );
          const after = { post_logout_redirect_uri: new URL("/dashboard", publicUrl).href };
          const signOutUrl = buildEndSessionUrl(await issuer.configuration(), after);
          return c.json({ signOutUrl: signOutUrl.href });
        },
      )
  );
}

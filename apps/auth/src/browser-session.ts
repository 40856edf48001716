import { hash } from "node:crypto";
import { ServerResponse } from "node:http";
import { endBrowser, upsertBrowser } from "@gatehouse/store/browsers";
import type { Database } from "@gatehouse/store/database";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { Provider, Session } from "oidc-provider";
import type { Lifetimes } from "./lifetimes.ts";

type PageContext = Pick<Context<{ Bindings: HttpBindings }>, "env" | "header"> & {
  req: { header(name: string): string | undefined };
};

export interface BrowserSession {
  userId: string;
  sessionHash: Buffer;
  /** Seconds since 1970. */
  signedInAt: number;
}

export interface BrowserSessions {
  /** Who is signed in in this browser; `null` where nobody is. */
  find(c: PageContext): Promise<BrowserSession | null>;
  /** Signs somebody in who has shown who they are. Whoever was signed in before is so no more. */
  start(c: PageContext, userId: string): Promise<void>;
  end(c: PageContext): Promise<void>;
}

export interface BrowserSessionDeps {
  provider: Provider;
  db: Database;
  lifetimes: Lifetimes;
  publicUrl: URL;
}

/** What the browser's session is known by outside of it: it keeps its name while its id changes. */
export function sessionHashOf({ uid }: { uid: string }): Buffer {
  return hash("sha256", uid, "buffer");
}

/** oidc-provider's session, for pages that are not part of a client's request. */
export function openBrowserSessions({ provider, db, lifetimes, publicUrl }: BrowserSessionDeps): BrowserSessions {
  const cookieName = provider.cookieName("session");

  /** The provider writes its cookies on an answer of its own; `lines` are to be sent with ours. */
  async function open(c: PageContext) {
    const answer = new ServerResponse(c.env.incoming);
    const ctx = provider.createContext(c.env.incoming, answer) as unknown as Parameters<typeof Session.get>[0];
    const session = await provider.Session.get(ctx);
    const setCookie = (value: string | null, expires?: Date) => {
      const attributes = { httpOnly: true, sameSite: "lax", secure: publicUrl.protocol === "https:" } as const;
      ctx.cookies.set(cookieName, value, { ...attributes, overwrite: true, ...(expires ? { expires } : {}) });
      for (const line of [answer.getHeader("set-cookie") ?? []].flat())
        c.header("set-cookie", String(line), { append: true });
    };
    return { session, setCookie };
  }

  async function find(c: PageContext): Promise<BrowserSession | null> {
    const { session } = await open(c);
    if (!session.accountId) return null;
    return { userId: session.accountId, sessionHash: sessionHashOf(session), signedInAt: session.loginTs! };
  }

  async function end(c: PageContext): Promise<void> {
    const { session, setCookie } = await open(c);
    if (session.accountId) await endBrowser(db, { userId: session.accountId, sessionHash: sessionHashOf(session) });
    setCookie(null);
  }

  return {
    find,
    end,
    async start(c, userId) {
      const { session: before, setCookie } = await open(c);
      if (before.accountId) await endBrowser(db, { userId: before.accountId, sessionHash: sessionHashOf(before) });
      const session = new provider.Session();
      session.loginAccount({ accountId: userId, amr: ["pwd"] });
      await session.save(lifetimes.session);
      const userAgent = c.req.header("user-agent") ?? "";
      await upsertBrowser(db, { sessionHash: sessionHashOf(session), userId, userAgent: storable(userAgent) });
      setCookie(session.jti, new Date(Date.now() + lifetimes.session * 1000));
    },
  };
}

const USER_AGENT_CHARACTERS_MAX = 400;

/** Whatever a browser says of itself, as text that a row can hold. */
export function storable(userAgent: string): string {
  return userAgent.replaceAll("\0", "").slice(0, USER_AGENT_CHARACTERS_MAX);
}

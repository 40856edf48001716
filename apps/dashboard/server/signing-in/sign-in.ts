import { Fault } from "@gatehouse/faults";
import { findUser } from "@gatehouse/store/users";
import type { Vault } from "@gatehouse/vault/vault";
import { type Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import * as oidc from "openid-client";
import { z } from "zod";
import type { Deps } from "../dashboard.ts";
import { browserSessions, cookieFor } from "./session.ts";
import { signInFailed } from "./sign-in-failed.ts";

const SIGN_IN_SECONDS = 10 * 60;

/** What has to come back unchanged, in the same browser (RFC 9700 §4.7, OpenID Connect Core §3.1.2.1). */
const Transaction = z.object({
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  returnTo: z.string(),
  expiresAt: z.number(),
});
type Transaction = z.output<typeof Transaction>;

/** `/dashboard/login` and `/dashboard/callback`: OpenID Connect, code flow with PKCE. */
export function signIn(deps: Deps) {
  const { db, publicUrl, vault, log, issuer } = deps;
  const sessions = browserSessions(deps);
  const transactions = transactionCookie(publicUrl, vault);
  const redirectUri = new URL("/dashboard/callback", publicUrl).href;

  return new Hono()
    .onError(signInFailed(log))
    .get("/login", async function login(c) {
      const configuration = await issuer.configuration();
      const transaction = newTransaction(safeReturnPath(c.req.query("return"), publicUrl));
      transactions.keep(c, transaction);
      const url = oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: "openid email profile",
        state: transaction.state,
        nonce: transaction.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(transaction.codeVerifier),
        code_challenge_method: "S256",
      });
      c.header("cache-control", "no-store");
      return c.redirect(url.href);
    })
    .get("/callback", async function callback(c) {
      const { state, nonce, codeVerifier, returnTo } = transactions.take(c);
      const answer = new URL(redirectUri);
      answer.search = new URL(c.req.url).search;
      const configuration = await issuer.configuration();
      const checks = {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
        idTokenExpected: true,
      };
      const tokens = await oidc.authorizationCodeGrant(configuration, answer, checks).catch(explain);
      const { sub, browser_session: browser } = tokens.claims()!;
      const user = await findUser(db, sub);
      if (!user) throw new Fault("forbidden", "This account does not exist any more");
      const sessionHash = typeof browser === "string" ? Buffer.from(browser, "base64url") : null;
      await sessions.start(c, { userId: user.id, sessionHash });
      c.header("cache-control", "no-store");
      return c.redirect(returnTo);
    });
}

function newTransaction(returnTo: string): Transaction {
  return {
    state: oidc.randomState(),
    nonce: oidc.randomNonce(),
    codeVerifier: oidc.randomPKCECodeVerifier(),
    returnTo,
    expiresAt: Date.now() + SIGN_IN_SECONDS * 1000,
  };
}

/** One sealed cookie for each sign-in that is under way, so that two tabs do not undo each other's. */
function transactionCookie(publicUrl: URL, vault: Vault) {
  const { name, attributes } = cookieFor(publicUrl, "sign-in");
  const sealer = vault.sealer("sign-in transactions");
  const nameFor = (state: string) => `${name}-${state.slice(0, 8)}`;

  function open(sealed: string | undefined): Transaction | null {
    const opened = sealer.open("", sealed ?? "");
    return opened === null ? null : Transaction.parse(JSON.parse(opened));
  }

  return {
    keep(c: Context, transaction: Transaction): void {
      const sealed = sealer.seal("", JSON.stringify(transaction));
      setCookie(c, nameFor(transaction.state), sealed, { ...attributes, maxAge: SIGN_IN_SECONDS });
    },
    /** The one that `state` belongs to; it cannot be taken again. */
    take(c: Context): Transaction {
      const state = c.req.query("state") ?? "";
      const cookie = nameFor(state);
      const transaction = /^[\w-]+$/.test(state) ? open(getCookie(c, cookie)) : null;
      if (!transaction || transaction.state !== state || transaction.expiresAt < Date.now()) {
        throw new Fault(
          "invalid_request",
          "This sign-in was not begun in this browser, was used already, or took longer than ten minutes",
        );
      }
      deleteCookie(c, cookie, attributes);
      return transaction;
    },
  };
}

/** A path of the dashboard's own, of the person's account, or where one at an upstream is linked, and nothing that leads out of them. */
function safeReturnPath(path: string | undefined, publicUrl: URL): string {
  const url = URL.parse(path ?? "/dashboard", publicUrl.href);
  const inside =
    url?.origin === publicUrl.origin && /^\/((dashboard|account)(\/|$)|connect\/link\/)/.test(url.pathname);
  if (!inside || /^\/dashboard\/(login|callback)\b/.test(url.pathname)) return "/dashboard";
  return url.pathname + url.search;
}

/** What the authorization server said, or what was wrong with it, in words for the person who is signing in. */
function explain(error: unknown): never {
  if (error instanceof oidc.AuthorizationResponseError) {
    const refused = error.error === "access_denied";
    const sentence = refused ? "The sign-in was cancelled" : "The authorization server could not finish the sign-in";
    throw new Fault("invalid_request", sentence, { cause: error });
  }
  const sentence = "The authorization server's answer does not fit this sign-in";
  throw new Fault("invalid_request", sentence, { cause: error });
}

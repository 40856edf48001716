import { randomBytes } from "node:crypto";
import type { Egress } from "@gatehouse/egress/egress";
import { Fault } from "@gatehouse/faults";
import { metadataDocumentFor, redirectUriFor } from "@gatehouse/oauth/client/addresses";
import { CONNECT_LINKS, isMadeFor } from "@gatehouse/oauth/client/connect-link";
import type { OperatorClients } from "@gatehouse/oauth/client/operator-clients";
import { metadataDocument } from "@gatehouse/oauth/client/register";
import type { Database } from "@gatehouse/store/database";
import { findUser } from "@gatehouse/store/users";
import type { Logger } from "@gatehouse/telemetry/log";
import type { Vault } from "@gatehouse/vault/vault";
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { BrowserSession, BrowserSessions } from "../browser-session.ts";
import type { FormTokens } from "../csrf.ts";
import { answerWithPage, limitForm } from "../interaction.ts";
import { beginLink } from "./begin.ts";
import { type Finished, finishLink } from "./callback.ts";
import { findLinkTarget, type LinkTarget } from "./link-target.ts";
import { connectHeaders, linkedPage, linkPage, notLinkedPage } from "./pages.ts";
import { typeIn } from "./type-in.ts";

export interface ConnectDeps {
  publicUrl: URL;
  db: Database;
  vault: Vault;
  egress: Egress;
  log: Logger;
  formTokens: FormTokens;
  browserSessions: BrowserSessions;
  operatorClients?: OperatorClients | undefined;
}

export type ConnectContext = Context<{ Bindings: HttpBindings }>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `/connect/*`: members link their accounts at upstreams. */
export function connectPages(deps: ConnectDeps) {
  return new Hono<{ Bindings: HttpBindings }>()
    .onError(answerWithPage(deps))
    .get("/connect/client-metadata/:connector", (c) => showMetadata(deps, c, c.req.param("connector")))
    .use("/connect/link/*", limitForm)
    .get("/connect/link/:org/:connector", async function show(c) {
      const session = await deps.browserSessions.find(c);
      if (!session) return signInFirst(c);
      return showLink(deps, c, session, await targetFor(deps, c, session));
    })
    .post("/connect/link/:org/:connector", async function submit(c) {
      const session = await deps.browserSessions.find(c);
      if (!session) return signInFirst(c);
      const target = await targetFor(deps, c, session);
      const form = await c.req.parseBody();
      deps.formTokens.check({ uid: formOf(session, target), token: form.csrf, origin: c.req.header("origin") });
      const from = c.req.query("from") === "connector" ? "connector" : undefined;
      try {
        if (target.way.kind === "member-oauth") {
          const url = await beginLink(deps, target, { browser: browserOf(deps, c), from });
          return c.redirect(url.href, 303);
        }
        await typeIn(deps, target, form);
        return await showFinished(deps, c, { target, from, notes: [], problem: null });
      } catch (error) {
        return showLink(deps, c, session, target, problemIn(error));
      }
    })
    .get("/connect/callback/:connector", async function callback(c) {
      const session = await deps.browserSessions.find(c);
      const finished = await finishLink(deps, {
        connectorId: c.req.param("connector"),
        answer: new URL(c.req.url).searchParams,
        browser: getCookie(c, cookieOf(deps.publicUrl).name) ?? "",
        userId: session?.userId ?? null,
      });
      return showFinished(deps, c, finished);
    });
}

/** The same for whatever id is asked for: it says nothing of which connectors there are. */
function showMetadata({ publicUrl }: ConnectDeps, c: ConnectContext, connectorId: string): Response {
  if (!UUID.test(connectorId)) throw new Fault("not_found", "There is nothing at this address");
  const address = metadataDocumentFor(publicUrl, connectorId);
  const request = {
    redirectUri: redirectUriFor(publicUrl, connectorId),
    metadataDocument: address,
    clientUri: publicUrl.origin,
  };
  return c.json(metadataDocument(address.href, request), 200, { "cache-control": "public, max-age=3600" });
}

function signInFirst(c: ConnectContext): Response {
  const { pathname, search } = new URL(c.req.url);
  return c.redirect(`/dashboard/login?${new URLSearchParams({ return: pathname + search })}`, 303);
}

/** The link must have been made for who is signed in: nobody is talked into linking what another began. */
async function targetFor(deps: ConnectDeps, c: ConnectContext, { userId }: BrowserSession): Promise<LinkTarget> {
  const { org, connector } = c.req.param() as { org: string; connector: string };
  const target = await findLinkTarget(deps, { org, connector }, userId);
  const key = deps.vault.derive(CONNECT_LINKS);
  if (target && isMadeFor(key, { connectorId: target.connector.id, userId }, c.req.query("for"))) return target;
  throw new Fault(
    "forbidden",
    "This link was made for another member, or for something that is not there any more. Your own accounts are under My access in the dashboard.",
  );
}

const formOf = ({ sessionHash }: BrowserSession, { connector }: LinkTarget) =>
  `connect ${sessionHash.toString("hex")} ${connector.id}`;

async function showLink(
  deps: ConnectDeps,
  c: ConnectContext,
  session: BrowserSession,
  target: LinkTarget,
  problem?: string,
) {
  const csrfToken = deps.formTokens.tokenFor(formOf(session, target));
  const page = linkPage({ csrfToken, ...(await viewOf(deps, target)), problem, mayWait: false });
  return c.html(page, problem ? 422 : 200, connectHeaders());
}

/** What the member can put right on the page that they are at. */
export function problemIn(error: unknown): string {
  if (error instanceof Fault && error.status < 500) return error.message;
  if (error instanceof Fault && /^upstream_|^egress_/.test(error.code)) return error.message;
  throw error;
}

export async function viewOf({ db }: Pick<ConnectDeps, "db">, { org, connector, way, userId }: LinkTarget) {
  const user = await findUser(db, userId);
  return {
    connector: connector.name,
    org: org.name,
    upstreamHost: new URL(connector.url).host,
    email: user?.email ?? "",
    typed: way.kind === "member-secret" ? { withUser: way.as.kind === "basic", instructions: way.instructions } : null,
  };
}

/** What the member's client waits for goes on; where the member should know something first, it is one page later. */
async function showFinished({ db }: ConnectDeps, c: ConnectContext, finished: Finished) {
  const { target, notes, problem } = finished;
  const back = backOf(finished);
  if (back && problem === null && notes.length === 0) return c.redirect(back, 303);
  const { connector, email } = await viewOf({ db }, target);
  if (problem !== null) {
    const next = { href: back ?? "/dashboard", label: back ? "Back" : "To the dashboard" };
    return c.html(notLinkedPage({ connector, problem, next }), 400, connectHeaders());
  }
  const next = back === null ? null : { href: back, label: "Continue" };
  return c.html(linkedPage({ connector, email, notes, next }), 200, connectHeaders());
}

/** Where it was begun, if something waits there. */
function backOf({ target: { org, connector }, interactionUid, from }: Finished): string | null {
  if (interactionUid) return `/oauth/interaction/${interactionUid}`;
  return from === "connector" ? `/dashboard/${org.slug}/connectors/${connector.slug}` : null;
}

const cookieOf = ({ protocol }: URL) => {
  const secure = protocol === "https:";
  const attributes = { path: "/", httpOnly: true, sameSite: "Lax", secure } as const;
  return { name: secure ? "__Host-gatehouse-connect" : "gatehouse-connect", attributes };
};

/** A secret of this browser's: an answer is taken from it alone. */
export function browserOf({ publicUrl }: Pick<ConnectDeps, "publicUrl">, c: Context): string {
  const { name, attributes } = cookieOf(publicUrl);
  const known = getCookie(c, name);
  if (known) return known;
  const browser = randomBytes(32).toString("base64url");
  setCookie(c, name, browser, attributes);
  return browser;
}

import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import { Fault, renderFault, toFault } from "@gatehouse/faults";
import type { Logger } from "@gatehouse/telemetry/log";
import { clientAddress } from "./client-address.ts";

export type AppName = "auth" | "gateway" | "dashboard";

export interface App extends AsyncDisposable {
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** It is going away: whatever others can do as well, they do. */
  leave?(): void;
  /** Ends what stays open by itself; settles when nothing is under way. */
  drain?(): Promise<void>;
  /** Breaks off what is still open. */
  closeStreams?(): void;
}

export interface RouterDeps {
  publicUrl: URL;
  /** Whose `X-Forwarded-For` is believed. Nobody's, where nothing is said. */
  trustedProxies?: BlockList | undefined;
  apps: Partial<Record<AppName, App>>;
  /** Strangers are told no more than this. */
  isReady: () => Promise<boolean>;
  log: Logger;
}

/** A client that takes nothing of an answer that is there for so long is let go, or after twice that where it took some before. */
const UNREAD_MS = 30_000;

const AUTH_DOCUMENTS = new Set(["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]);

/** One origin for all apps. What a stranger says about how the request came here is dropped; PUBLIC_URL and the connection say it. */
export function route({ publicUrl, trustedProxies, apps, isReady, log }: RouterDeps): RequestListener {
  const scheme = publicUrl.protocol.slice(0, -1);
  const ownHosts = new Set([
    publicUrl.host,
    `${publicUrl.hostname}:${publicUrl.port || (scheme === "https" ? 443 : 80)}`,
  ]);

  function answer(request: IncomingMessage, response: ServerResponse): void | Promise<void> {
    const path = request.url!.split("?", 1)[0]!;
    if (path === "/livez") return answerText(response, 200, "ok");
    if (path === "/readyz") return answerReady(response);
    checkHost(request);
    if (path === "/") return redirectToDashboard(response);
    const name = appOf(path);
    const address = clientAddress(request, trustedProxies);
    if (name !== "gateway") replaceForwarded(request);
    request.headers["x-forwarded-for"] = address;
    const app = apps[name];
    if (!app) throw new Fault("not_found", "This address is served by another process");
    app.handle(request, response);
  }

  function checkHost({ headers }: IncomingMessage): void {
    if (ownHosts.has(headers.host?.toLowerCase() ?? "")) return;
    throw new Fault("invalid_request", `This server's address is ${publicUrl.origin}; it answers to no other`);
  }

  /** The gateway asks only for the address; the others' libraries for the rest as well. */
  function replaceForwarded({ headers }: IncomingMessage): void {
    for (const name of Object.keys(headers)) {
      if (name === "forwarded" || name.startsWith("x-forwarded-")) delete headers[name];
    }
    headers["x-forwarded-proto"] = scheme;
  }

  async function answerReady(response: ServerResponse): Promise<void> {
    if (!(await isReady())) throw new Fault("unavailable", "This process cannot serve just now");
    answerText(response, 200, "ready");
  }

  return async (request, response) => {
    response.once("prefinish", () => response.setTimeout(UNREAD_MS));
    try {
      await answer(request, response);
    } catch (error) {
      const fault = toFault(error);
      if (fault.code === "internal") log.error({ err: fault.cause }, "a request failed");
      const { status, headers, body } = renderFault(fault, "problem");
      if (!response.headersSent) response.writeHead(status, headers).end(body);
    }
  };
}

function appOf(path: string): AppName {
  if (
    path.startsWith("/oauth/") ||
    path.startsWith("/connect/") ||
    /^\/account(\/|$)/.test(path) ||
    AUTH_DOCUMENTS.has(path)
  )
    return "auth";
  if (/^\/(dashboard|api)(\/|$)/.test(path)) return "dashboard";
  return "gateway";
}

function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain", "cache-control": "no-store" }).end(`${text}\n`);
}

function redirectToDashboard(response: ServerResponse): void {
  response.writeHead(302, { location: "/dashboard" }).end();
}

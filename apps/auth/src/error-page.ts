import { type Fault, toFault } from "@gatehouse/faults";
import { unavailableIfUnreachable } from "@gatehouse/store/database";
import type { Logger } from "@gatehouse/telemetry/log";
import { type ErrorOut, errors, type KoaContextWithOIDC } from "oidc-provider";
import { errorPage, pageHeaders } from "./pages.ts";
import { type Incident, type IncidentDeps, reportIncident } from "./report-incident.ts";

/** What went wrong on our side, as oidc-provider met it: its own words for it tell nobody anything. */
function faultOf(error: Error): Fault {
  return toFault(unavailableIfUnreachable(error));
}

/** What a person sees who cannot be sent back to their app, and what they can do. */
export function renderError(deps: IncidentDeps) {
  return async function renderError(ctx: KoaContextWithOIDC, out: ErrorOut, error: Error): Promise<void> {
    const isOurs = out.error === "server_error";
    const status = isOurs ? faultOf(error).status : ctx.status;
    const incident = await reportIncident(deps, { code: out.error, error, status, ...aboutWhom(ctx) });
    ctx.set(pageHeaders());
    ctx.body = String(await errorPage({ ...(isOurs ? explainFault(error) : explain(out, error)), incident }));
  };
}

function aboutWhom({ oidc, query }: KoaContextWithOIDC): Pick<Incident, "userId" | "clientId" | "resource"> {
  const { resource } = oidc.params ?? query;
  return {
    userId: oidc.session?.accountId,
    clientId: oidc.client?.clientId,
    resource: typeof resource === "string" ? resource : undefined,
  };
}

function explainFault(error: Error): { title: string; detail: string } {
  const { code, message } = faultOf(error);
  return { title: code === "unavailable" ? "Not available just now" : "Something went wrong", detail: message };
}

function explain(out: ErrorOut, error: Error): { title: string; detail: string } {
  if (error instanceof errors.InvalidRedirectUri) {
    return {
      title: "This app cannot be connected",
      detail:
        "It asked to send you to an address that it is not registered with, so nothing was sent. Connect again from the app itself; if that does not help, tell whoever makes it.",
    };
  }
  if (error instanceof errors.SessionNotFound) {
    return {
      title: "This sign-in has ended",
      detail: "It took too long, or was begun in another browser. Go back to your app and connect again.",
    };
  }
  if (error instanceof errors.InvalidClient || error instanceof errors.InvalidClientMetadata) {
    return {
      title: "This app is not known here",
      detail: `Remove the connection in your app and add it again. (${out.error_description ?? out.error})`,
    };
  }
  return {
    title: "This request cannot be answered",
    detail: `Go back to your app and connect again. (${out.error_description ?? out.error})`,
  };
}

/** A failure on our side: logged, and with a database out of reach 503 and `Retry-After`. */
export function answerServerError(log: Logger) {
  return function answerServerError(ctx: KoaContextWithOIDC, error: Error): void {
    const fault = faultOf(error);
    log.error({ err: error, route: ctx.oidc?.route }, "authorization server failed");
    if (fault.code !== "unavailable") return;
    ctx.status = fault.status;
    ctx.set(fault.headers);
    if (typeof ctx.body === "object") {
      ctx.body = { error: "temporarily_unavailable", error_description: fault.message };
    }
  };
}

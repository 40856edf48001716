import type { Egress } from "@gatehouse/egress/egress";
import { Fault, toFault } from "@gatehouse/faults";
import { type Database, unavailableIfUnreachable } from "@gatehouse/store/database";
import type { Logger } from "@gatehouse/telemetry/log";
import type { Vault } from "@gatehouse/vault/vault";
import type { HttpBindings } from "@hono/node-server";
import { type Context, type ErrorHandler, Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { errors, type InteractionResults, type Provider } from "oidc-provider";
import type { Signup } from "./auth.ts";
import type { BrowserSessions } from "./browser-session.ts";
import { clientNotAllowed } from "./client-not-allowed.ts";
import { offerLink } from "./connect/offer.ts";
import { consent } from "./consent.ts";
import type { FormTokens } from "./csrf.ts";
import type { Lifetimes } from "./lifetimes.ts";
import { errorPage, pageHeaders, STYLESHEET, STYLESHEET_PATH } from "./pages.ts";
import { type Incident, type IncidentDeps, reportIncident } from "./report-incident.ts";
import { signIn } from "./sign-in.ts";
import type { Tally } from "./tally.ts";
import type { Throttle } from "./throttle.ts";

export interface InteractionDeps {
  provider: Provider;
  db: Database;
  publicUrl: URL;
  vault: Vault;
  egress: Egress;
  browserSessions: BrowserSessions;
  formTokens: FormTokens;
  throttle: Throttle;
  tally: Tally;
  lifetimes: Lifetimes;
  signup: Signup;
  log: Logger;
}

/** What a client asks for, while the person in front of the browser has something to say to it. */
export type Interaction = Awaited<ReturnType<Provider["interactionDetails"]>>;

export type InteractionContext = Context<{ Bindings: HttpBindings; Variables: { interaction: Interaction } }>;

/** A page with a form, and what its form does. */
export interface Step {
  show(c: InteractionContext): Promise<Response>;
  submit(c: InteractionContext, form: Record<string, unknown>): Promise<Response>;
}

const FORM_BYTES_MAX = 16 * 1024;

/** `/oauth/interaction/:uid`: the pages that a person meets between the client's request and its answer. */
export function interactionPages(deps: InteractionDeps) {
  const steps: Record<string, Step> = {
    login: signIn(deps),
    client: clientNotAllowed(deps),
    consent: consent(deps),
    link: offerLink(deps),
  };
  const stepOf = (c: InteractionContext) => steps[c.var.interaction.prompt.name]!;

  return new Hono<{ Bindings: HttpBindings; Variables: { interaction: Interaction } }>()
    .onError(answerWithPage(deps))
    .get(STYLESHEET_PATH, (c) =>
      c.body(STYLESHEET, 200, { "content-type": "text/css", "cache-control": "max-age=3600" }),
    )
    .use("/oauth/interaction/:uid", limitForm, findInteraction(deps))
    .get("/oauth/interaction/:uid", (c) => stepOf(c).show(c))
    .post("/oauth/interaction/:uid", async function submit(c) {
      const form = await c.req.parseBody({ all: true });
      deps.formTokens.check({ uid: c.req.param("uid"), token: form.csrf, origin: c.req.header("origin") });
      return stepOf(c).submit(c, form);
    });
}

/** Only the browser that it was begun in has the cookie of an interaction. */
function findInteraction({ provider }: InteractionDeps) {
  return createMiddleware<{ Bindings: HttpBindings; Variables: { interaction: Interaction } }>(
    async function findInteraction(c, next) {
      const interaction = await provider.interactionDetails(c.env.incoming, c.env.outgoing).catch(refuseUnknown);
      if (interaction.uid !== c.req.param("uid")) throw notYours();
      c.set("interaction", interaction);
      await next();
    },
  );
}

function refuseUnknown(error: unknown): never {
  throw error instanceof errors.SessionNotFound ? notYours() : error;
}

function notYours(): Fault {
  return new Fault(
    "forbidden",
    "This sign-in has ended, or was begun in another browser. Go back to your app and connect again.",
  );
}

/** Browsers say how long a form is, and node:http holds them to it. */
export const limitForm = createMiddleware(async function limitForm(c, next) {
  const length = Number(c.req.header("content-length") ?? 0);
  if (c.req.header("transfer-encoding") !== undefined || !(length <= FORM_BYTES_MAX)) {
    throw new Fault("too_large", "This form is larger than any of ours");
  }
  await next();
});

/** Hands the outcome to oidc-provider, which goes on with the client's request. */
export async function finish(provider: Provider, c: InteractionContext, result: InteractionResults): Promise<Response> {
  const next = await provider.interactionResult(c.env.incoming, c.env.outgoing, result);
  return c.redirect(next, 303);
}

/** `redirectUri` is where the form's answer may lead in the end. */
export function answerPage(
  c: InteractionContext,
  page: Parameters<Context["html"]>[0],
  status: 200 | 422 | 429 = 200,
): Response | Promise<Response> {
  return c.html(page, status, pageHeaders(c.var.interaction.params.redirect_uri as string));
}

export function answerWithPage(deps: IncidentDeps): ErrorHandler {
  return async function answerWithPage(thrown, c) {
    const fault = toFault(unavailableIfUnreachable(thrown));
    const { code, status, message: detail } = fault;
    const error = fault.cause ?? fault;
    const incident = await reportIncident(deps, { code, status, error, ...aboutWhom(c.get("interaction")) });
    const title = status >= 500 ? "Something went wrong" : "This cannot go on";
    const next = c.get("interaction") ? {} : { next: { href: "/dashboard", label: "Go to the dashboard" } };
    return c.html(errorPage({ title, detail, incident, ...next }), status as 403, {
      ...pageHeaders(),
      ...fault.headers,
    });
  };
}

function aboutWhom(interaction: Interaction | undefined): Pick<Incident, "userId" | "clientId" | "resource"> {
  const { client_id: clientId, resource } = (interaction?.params ?? {}) as Record<string, string | undefined>;
  return { userId: interaction?.session?.accountId, clientId, resource };
}

import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Egress } from "@gatehouse/egress/egress";
import { type AccessTokenVerifier, openAccessTokenVerifier } from "@gatehouse/oauth/access-token";
import type { OperatorClients } from "@gatehouse/oauth/client/operator-clients";
import { deleteExpiredAttempts } from "@gatehouse/store/attempts";
import { deleteForgottenBrowsers } from "@gatehouse/store/browsers";
import type { Database } from "@gatehouse/store/database";
import { deleteExpiredLinkAttempts } from "@gatehouse/store/link-attempts";
import { deleteExpiredMailedLinks } from "@gatehouse/store/mailed-links";
import { deleteExpiredOidcRecords, deleteSurplusClients } from "@gatehouse/store/oidc-records";
import { keepDoing } from "@gatehouse/telemetry/jobs";
import type { Logger } from "@gatehouse/telemetry/log";
import { traceRequest } from "@gatehouse/telemetry/request-span";
import type { Vault } from "@gatehouse/vault/vault";
import { getRequestListener } from "@hono/node-server";
import { accountPages } from "./account/account.ts";
import { answerFailure } from "./answer-failure.ts";
import { openBrowserSessions } from "./browser-session.ts";
import { fetchMetadataDocument } from "./cimd.ts";
import { connectPages } from "./connect/connect.ts";
import { lookAfterLinks } from "./connect/look-after-links.ts";
import { allowAnyOrigin } from "./cors.ts";
import { type FormTokens, openFormTokens } from "./csrf.ts";
import { interactionPages } from "./interaction.ts";
import { introspect } from "./introspect.ts";
import { type KeyRing, openKeyRing, retireKeys } from "./keys.ts";
import { LIFETIMES, type Lifetimes } from "./lifetimes.ts";
import { type MailOptions, startMailSender } from "./mail-sender.ts";
import { noteTokenRefusals } from "./note-token-refusals.ts";
import { paceRegistrations, REGISTRATION_LIMITS, type RegistrationLimits } from "./pace-registrations.ts";
import { openProvider } from "./provider.ts";
import { publishKeys } from "./publish-keys.ts";
import { recordTokens } from "./record-tokens.ts";
import { rememberBrowser } from "./remember-browser.ts";
import { revokeAccessToken } from "./revoke-access-token.ts";
import { openTally, type Tally } from "./tally.ts";
import { openThrottle, type Throttle } from "./throttle.ts";

export type Signup = "open" | "invite" | "closed";

export interface AuthDeps extends MailOptions {
  publicUrl: URL;
  /** As `gatehouse_auth`. */
  db: Database;
  vault: Vault;
  egress: Egress;
  log: Logger;
  dashboardRedirectUri: string;
  lifetimes?: Lifetimes;
  /** Who may make an account and an org: everybody, who is invited (so where nothing is said), or nobody any more. */
  signup?: Signup | undefined;
  registrationLimits?: RegistrationLimits;
  /** The operator's own, at known services. */
  operatorClients?: OperatorClients | undefined;
  /** How often the signing keys are read again. */
  keysIntervalMs?: number;
}

export interface Auth extends AsyncDisposable {
  handle(req: IncomingMessage, res: ServerResponse): void;
}

const COLLECTION_INTERVAL_MS = 10 * 60_000;

/** The authorization server: `/oauth/*` and its metadata. Everything that it remembers is in Postgres. */
export async function startAuth({
  lifetimes = LIFETIMES,
  signup = "invite",
  registrationLimits = REGISTRATION_LIMITS,
  keysIntervalMs,
  ...rest
}: AuthDeps): Promise<Auth> {
  const { db, publicUrl, vault, log } = rest;
  const keys = await openKeyRing({ db, vault, log, ...(keysIntervalMs ? { keysIntervalMs } : {}) });
  const verifier = openAccessTokenVerifier({ issuer: publicUrl.origin, listPublicKeys: async () => keys.published });
  const formTokens = openFormTokens(vault, publicUrl);
  const clients = { fetch: fetchMetadataDocument(rest), paceRegistrations: paceRegistrations(registrationLimits) };
  const deps = {
    ...rest,
    ...clients,
    lifetimes,
    signup,
    keys,
    verifier,
    formTokens,
    throttle: openThrottle({ db, vault }),
    tally: openTally({ log }),
  };
  let answer = openListener(deps);
  keys.onChange(() => {
    answer = openListener(deps);
  });

  const collection = keepDoing(
    {
      ...{ name: "collection", everyMs: COLLECTION_INTERVAL_MS, failure: "what has expired was not collected" },
      work: () => collect(deps, registrationLimits),
    },
    log,
  );
  const mailSender = startMailSender(deps);
  const links = lookAfterLinks(deps);

  return {
    handle(req, res) {
      addressByPublicUrl(req, publicUrl);
      const route = routeOf(req.url!);
      traceRequest(
        req,
        res,
        () => route,
        () => answer(req, res),
      );
    },
    async [Symbol.asyncDispose]() {
      await collection[Symbol.asyncDispose]();
      await keys[Symbol.asyncDispose]();
      await deps.tally[Symbol.asyncDispose]();
      await mailSender[Symbol.asyncDispose]();
      await links[Symbol.asyncDispose]();
    },
  };
}

type Lasting = Omit<AuthDeps, "lifetimes" | "signup" | "registrationLimits"> & {
  fetch: typeof fetch;
  paceRegistrations: ReturnType<typeof paceRegistrations>;
  signup: Signup;
  lifetimes: Lifetimes;
  keys: KeyRing;
  verifier: AccessTokenVerifier;
  formTokens: FormTokens;
  throttle: Throttle;
  tally: Tally;
};

/**
 * Everything that is built on one set of keys, which oidc-provider is given when it is made. A request ends with the set
 * that it began with.
 */
function openListener(deps: Lasting): RequestListener {
  const { log, keys } = deps;
  const provider = openProvider({ ...deps, signingKeys: keys.signing });
  provider.on("grant.error", noteTokenRefusals(deps));
  provider.use(answerFailure(log));
  provider.use(allowAnyOrigin);
  provider.use(deps.paceRegistrations);
  provider.use(publishKeys(deps));
  provider.use(rememberBrowser(deps));
  provider.use(recordTokens(deps));
  provider.use(revokeAccessToken(deps));
  provider.use(introspect(deps));
  const answerOAuth = provider.callback();
  const browserSessions = openBrowserSessions({ ...deps, provider });
  const pages = interactionPages({ ...deps, provider, browserSessions });
  pages.route("/", accountPages({ ...deps, provider, browserSessions }));
  pages.route("/", connectPages({ ...deps, browserSessions }));
  const answerPages = getRequestListener(pages.fetch, { overrideGlobalObjects: false });
  return (req, res) => {
    const answer = /^\/(oauth\/(interaction|assets)\/|connect\/|account\b)/.test(req.url ?? "")
      ? answerPages
      : answerOAuth;
    answer(req, res);
  };
}

async function collect({ db, lifetimes }: Lasting, { unusedCountMax }: RegistrationLimits): Promise<void> {
  await deleteExpiredOidcRecords(db);
  await deleteExpiredLinkAttempts(db);
  await deleteForgottenBrowsers(db);
  await deleteExpiredMailedLinks(db);
  await deleteExpiredAttempts(db);
  await deleteSurplusClients(db, { countMax: unusedCountMax, unusedSeconds: lifetimes.unusedClient });
  await retireKeys(db);
}

const ROUTE =
  /^\/(oauth\/(authorize|token|register|revoke|introspect|jwks|userinfo|logout|interaction|assets)|account|connect|\.well-known)\b/;

/** Without what follows, which may be an id, and may be made up. */
function routeOf(url: string): string {
  return ROUTE.exec(url)?.[0] ?? "/";
}

/** Every URL that is sent out is built from the public one: nothing that a request says about itself counts. */
function addressByPublicUrl({ headers }: IncomingMessage, { host, protocol }: URL): void {
  delete headers["x-forwarded-host"];
  headers["x-forwarded-proto"] = protocol.slice(0, -1);
  headers.host = host;
}

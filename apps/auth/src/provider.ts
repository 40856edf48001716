import { randomUUID } from "node:crypto";
import type { EventEmitter } from "node:events";
import { CLIENT_DOCUMENT } from "@gatehouse/egress/limits";
import { DASHBOARD_CLIENT_ID } from "@gatehouse/oauth/dashboard-token";
import type { Database } from "@gatehouse/store/database";
import type { Logger } from "@gatehouse/telemetry/log";
import type { Vault } from "@gatehouse/vault/vault";
import type { JWK } from "jose";
import { type Configuration, errors, interactionPolicy, type KoaContextWithOIDC, Provider } from "oidc-provider";
import { openAdapter } from "./adapter.ts";
import { clientAllowed } from "./allowed-clients.ts";
import { checkRefresh } from "./check-refresh.ts";
import { isDocumentUrl } from "./cimd.ts";
import { CLAIMS, extraTokenClaims, findAccount, SUPPORTED_SCOPES } from "./claims.ts";
import { applyClientPolicy } from "./client-policy.ts";
import { linkOffered } from "./connect/link-prompt.ts";
import { answerServerError, renderError } from "./error-page.ts";
import { loadExistingGrant } from "./grants.ts";
import { mayIntrospect, resourceServerClient } from "./introspect.ts";
import { SIGNING_ALGORITHM } from "./keys.ts";
import { type Lifetimes, refreshTokenTtl } from "./lifetimes.ts";
import { pageHeaders, signedOutPage, signOutPage } from "./pages.ts";
import { compareHashedSecrets } from "./registered-clients.ts";
import { findEndpoint, resourceIndicators } from "./resource.ts";

export interface ProviderDeps {
  publicUrl: URL;
  db: Database;
  vault: Vault;
  /** What oidc-provider fetches, which is Client ID Metadata Documents. */
  fetch: typeof fetch;
  log: Logger;
  dashboardRedirectUri: string;
  lifetimes: Lifetimes;
  signingKeys: JWK[];
}

/** OAuth 2.1 and OpenID Connect by oidc-provider, set up for MCP clients. */
export function openProvider(deps: ProviderDeps): Provider {
  const provider = new Provider(deps.publicUrl.origin, configuration(deps));
  // Its URLs follow X-Forwarded-Proto, which whoever hands it a request sets from the public URL.
  provider.proxy = true;
  compareHashedSecrets(provider);
  provider.on("server_error", answerServerError(deps.log));
  // Koa's own event, which the provider's types leave out.
  (provider as unknown as EventEmitter).on("error", (error) =>
    deps.log.error({ err: error }, "authorization server failed"),
  );
  return provider;
}

function configuration(deps: ProviderDeps): Configuration {
  const { publicUrl, vault, lifetimes, signingKeys } = deps;
  return {
    adapter: openAdapter(deps),
    jwks: { keys: signingKeys },
    routes: {
      authorization: "/oauth/authorize",
      token: "/oauth/token",
      registration: "/oauth/register",
      revocation: "/oauth/revoke",
      introspection: "/oauth/introspect",
      jwks: "/oauth/jwks",
      userinfo: "/oauth/userinfo",
      end_session: "/oauth/logout",
    },
    features: features(deps),

    responseTypes: ["code"],
    pkce: { required: () => true },
    scopes: SUPPORTED_SCOPES,
    claims: CLAIMS,
    findAccount: findAccount(deps),
    extraTokenClaims: extraTokenClaims(deps),
    enabledJWA: { idTokenSigningAlgValues: [SIGNING_ALGORITHM] },

    clients: [dashboardClient(deps), resourceServerClient(vault)],
    clientAuthMethods: ["none", "client_secret_basic", "client_secret_post"],
    clientDefaults: {
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      id_token_signed_response_alg: SIGNING_ALGORITHM,
    },
    extraClientMetadata: {
      // The policy is for the whole of the metadata; it is called once for each property that is named here.
      properties: ["software_id"],
      validator: (_ctx, _key, _value, metadata) => applyClientPolicy(metadata),
    },
    fetch: deps.fetch,
    fetchResponseBodyLimits: { "client_id metadata document": CLIENT_DOCUMENT.bytesMax },

    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    rotateRefreshToken: checkRefresh(deps),
    expiresWithSession: () => false,
    revokeGrantPolicy: () => true,
    loadExistingGrant: loadExistingGrant(deps),
    ttl: {
      AccessToken: (_ctx, { resourceServer }) => resourceServer?.accessTokenTTL ?? lifetimes.accessToken,
      AuthorizationCode: lifetimes.authorizationCode,
      Grant: lifetimes.grant,
      IdToken: lifetimes.idToken,
      Interaction: lifetimes.interaction,
      RefreshToken: refreshTokenTtl(lifetimes),
      Session: lifetimes.session,
    },

    cookies: cookies(publicUrl, vault),
    interactions: { url: (_ctx, { uid }) => `/oauth/interaction/${uid}`, policy: interactions(deps) },
    renderError: renderError(deps),
  };
}

function features(deps: ProviderDeps): Configuration["features"] {
  return {
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    introspection: { enabled: true, allowedPolicy: mayIntrospect(deps) },
    resourceIndicators: resourceIndicators(deps),
    clientIdMetadataDocument: {
      enabled: true,
      ack: "draft-02",
      allowFetch: (_ctx, clientId) => isDocumentUrl(clientId),
      // `fetch` remembers documents, with more regard for their headers.
      cacheDuration: { min: 0, max: 0 },
    },
    registration: { enabled: true, idFactory: nameClient },
    // A client that lost the answer to its update would lose the registration, too.
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: false },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx) => showPage(ctx, signOutPage({ xsrf: ctx.oidc.session!.state!.secret as string })),
      postLogoutSuccessSource: (ctx) => showPage(ctx, signedOutPage()),
    },
  };
}

/** Called before it is decided whether the client gets a secret: one that names no method has no use for it. */
function nameClient(ctx: KoaContextWithOIDC): string {
  const registration = ctx.oidc.body as { token_endpoint_auth_method?: string };
  registration.token_endpoint_auth_method ??= "none";
  return randomUUID();
}

async function showPage(ctx: KoaContextWithOIDC, page: ReturnType<typeof signedOutPage>): Promise<void> {
  ctx.set(pageHeaders());
  ctx.body = String(await page);
}

function dashboardClient({ publicUrl, dashboardRedirectUri }: ProviderDeps) {
  return {
    client_id: DASHBOARD_CLIENT_ID,
    client_name: "Gatehouse dashboard",
    redirect_uris: [dashboardRedirectUri],
    post_logout_redirect_uris: [new URL("/dashboard", publicUrl).href],
    grant_types: ["authorization_code"],
  };
}

/**
 * `__Host-` wants the path `/` (RFC 6265bis §4.1.3.2), and an interaction's cookies have paths of their own, so that two
 * that are under way in one browser do not disturb each other. Browsers refuse either prefix on plain http.
 */
function cookies(publicUrl: URL, vault: Vault): Configuration["cookies"] {
  const secure = publicUrl.protocol === "https:";
  const attributes = { httpOnly: true, sameSite: "lax", secure } as const;
  return {
    keys: [vault.derive("oidc cookies")],
    names: {
      session: secure ? "__Host-gatehouse-auth" : "gatehouse-auth",
      interaction: secure ? "__Secure-gatehouse-interaction" : "gatehouse-interaction",
      resume: secure ? "__Secure-gatehouse-resume" : "gatehouse-resume",
    },
    long: attributes,
    short: attributes,
  };
}

/** Sign in; may this member use the endpoint at all, and with this client; consent. Who may not goes back to the client with an error. */
function interactions(deps: ProviderDeps) {
  const { base, Check, Prompt } = interactionPolicy;
  const policy = base();
  const membership = new Check("membership", "the endpoint is not for this member", async (ctx) => {
    const { params, account } = ctx.oidc;
    if (params!.resource === undefined) return Check.NO_NEED_TO_PROMPT;
    if (await findEndpoint(deps, params!.resource as string, account!.accountId)) return Check.NO_NEED_TO_PROMPT;
    throw new errors.InvalidTarget("there is no MCP endpoint at this address that this member may use");
  });
  policy.add(new Prompt({ name: "endpoint" }, membership), 1);
  policy.add(clientAllowed(deps), 2);
  policy.add(linkOffered(deps));
  return policy;
}

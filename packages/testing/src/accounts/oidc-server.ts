import { randomBytes } from "node:crypto";
import type { RequestListener } from "node:http";
import { Provider } from "oidc-provider";
import { listenOnLoopback } from "../conformance/loopback.ts";
import type { AccountServer } from "./account-server.ts";

export interface OidcServerOptions {
  /** Clients do not register: they say where their document is (draft-ietf-oauth-client-id-metadata-document). */
  readsDocuments?: boolean;
}

/** oidc-provider with the pages that it brings along: registers clients, sends `iss`, rotates refresh tokens. */
export async function startOidcServer({ readsDocuments = false }: OidcServerOptions = {}): Promise<AccountServer> {
  const loopback = await listenOnLoopback((req, res) => answer(req, res));
  const server = { issuer: loopback.origin, refreshes: 0, revoked: [] as string[] };
  const live = new Set<string>();
  const provider = new Provider(loopback.origin, {
    cookies: { keys: [randomBytes(32).toString("hex")] },
    // Its own refuses this machine's addresses.
    fetch: (input, options) => fetch(input, { ...options, dispatcher: undefined } as object),
    features: {
      registration: { enabled: !readsDocuments },
      clientIdMetadataDocument: { enabled: readsDocuments, ack: "draft-02" },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: "notes:read", accessTokenFormat: "opaque" }),
      },
    },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, email: `${sub}@upstream.example` }) }),
    issueRefreshToken: () => true,
    pkce: { required: () => true },
    rotateRefreshToken: () => {
      server.refreshes++;
      return true;
    },
  });
  provider.on("access_token.saved", ({ jti }) => live.add(jti));
  const answer: RequestListener = provider.callback();
  return Object.assign(server, {
    async whoIs(token: string) {
      const found = live.has(token) ? await provider.AccessToken.find(token) : undefined;
      return found?.accountId ?? null;
    },
    expireAll: () => live.clear(),
    endGrants: () => {},
    [Symbol.asyncDispose]: () => loopback[Symbol.asyncDispose](),
  });
}

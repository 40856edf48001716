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
  let validFrom = 0;
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
  const answer: RequestListener = provider.callback();
  return Object.assign(server, {
    async whoIs(token: string) {
      const found = await provider.AccessToken.find(token);
      return found && found.iat! >= validFrom ? (found.accountId ?? null) : null;
    },
    expireAll: () => {
      validFrom = Math.floor(Date.now() / 1000) + 1;
    },
    endGrants: () => {},
    [Symbol.asyncDispose]: () => loopback[Symbol.asyncDispose](),
  });
}

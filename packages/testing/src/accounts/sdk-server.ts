import { randomUUID } from "node:crypto";
import { InvalidGrantError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import type { AuthorizationParams, OAuthServerProvider } from "@modelcontextprotocol/sdk/server/auth/provider.js";
import { mcpAuthRouter } from "@modelcontextprotocol/sdk/server/auth/router.js";
import type { OAuthClientInformationFull, OAuthTokens } from "@modelcontextprotocol/sdk/shared/auth.js";
import express from "express";
import { type Loopback, listenOnLoopback } from "../conformance/loopback.ts";
import { type AccountServer, signInPage } from "./account-server.ts";

interface Pending {
  client: OAuthClientInformationFull;
  params: AuthorizationParams;
}

interface Code extends Pending {
  user: string;
}

interface Grant {
  user: string;
  clientId: string;
  scopes: string[];
}

export interface SdkServer extends AccountServer {
  beforeRefresh: () => Promise<void>;
  afterRefresh: () => Promise<void>;
}

export interface SdkServerOptions {
  expiresIn?: number;
  /** What is granted, where that is less than is asked for. */
  grant?: (asked: string[]) => string[];
  givesRefreshTokens?: boolean;
  /** What its tokens begin with, so that one that is found tells whose it is. */
  mark?: string;
}

/**
 * The MCP SDK's own authorization server: registers clients dynamically, wants PKCE, and rotates refresh tokens. One that
 * was used before ends the grant.
 */
export async function startSdkServer(options: SdkServerOptions = {}): Promise<SdkServer> {
  const { expiresIn = 3600, grant = (asked) => asked, givesRefreshTokens = true, mark = "" } = options;
  const clients = new Map<string, OAuthClientInformationFull>();
  const pending = new Map<string, Pending>();
  const codes = new Map<string, Code>();
  const access = new Map<string, Grant>();
  const refresh = new Map<string, Grant>();
  const used = new Map<string, Grant>();
  const app = express();
  const loopback: Loopback = await listenOnLoopback((req, res) => void app(req, res));
  const server = {
    refreshes: 0,
    revoked: [] as string[],
    /** Before anything is changed, and when the old tokens serve no more and nobody knows the new ones yet. */
    beforeRefresh: async () => {},
    afterRefresh: async () => {},
  };

  function issue(grant: Grant): OAuthTokens {
    const tokens = { access_token: mark + randomUUID(), refresh_token: mark + randomUUID() };
    access.set(tokens.access_token, grant);
    refresh.set(tokens.refresh_token, grant);
    const { refresh_token, ...withoutRefresh } = tokens;
    return {
      ...(givesRefreshTokens ? tokens : withoutRefresh),
      ...{ token_type: "Bearer", expires_in: expiresIn, scope: grant.scopes.join(" ") },
    };
  }

  function endGrant(ended: Grant): void {
    for (const tokens of [access, refresh]) for (const [token, one] of tokens) if (one === ended) tokens.delete(token);
  }

  const provider: OAuthServerProvider = {
    clientsStore: {
      getClient: (id) => clients.get(id),
      registerClient(client) {
        const registered = { ...client, client_id: (client as OAuthClientInformationFull).client_id ?? randomUUID() };
        clients.set(registered.client_id, registered as OAuthClientInformationFull);
        return registered as OAuthClientInformationFull;
      },
    },
    async authorize(client, params, res) {
      const id = randomUUID();
      pending.set(id, { client, params });
      res.type("html").send(signInPage(id));
    },
    challengeForAuthorizationCode: async (_client, code) => codes.get(code)!.params.codeChallenge,
    async exchangeAuthorizationCode(client, code) {
      const { user, params } = codes.get(code) ?? gone();
      codes.delete(code);
      return issue({ user, clientId: client.client_id, scopes: grant(params.scopes ?? []) });
    },
    async exchangeRefreshToken(_client, token) {
      server.refreshes++;
      await server.beforeRefresh();
      const reused = used.get(token);
      if (reused) endGrant(reused);
      const found = refresh.get(token) ?? gone();
      refresh.delete(token);
      used.set(token, found);
      const tokens = issue(found);
      await server.afterRefresh();
      return tokens;
    },
    async verifyAccessToken(token) {
      const { clientId, scopes } = access.get(token) ?? gone();
      return { token, clientId, scopes };
    },
    async revokeToken(_client, { token }) {
      server.revoked.push(token);
      const found = refresh.get(token) ?? access.get(token);
      if (found) endGrant(found);
    },
  };

  app.post("/sign-in", express.urlencoded({ extended: false }), (req, res) => {
    const { client, params } = pending.get(req.body.pending)!;
    const code = randomUUID();
    codes.set(code, { client, params, user: req.body["upstream-user"] });
    const back = new URL(params.redirectUri);
    back.searchParams.set("code", code);
    if (params.state) back.searchParams.set("state", params.state);
    res.redirect(303, back.href);
  });
  const limits = { rateLimit: false } as const;
  app.use(
    mcpAuthRouter({
      provider,
      issuerUrl: new URL(loopback.origin),
      scopesSupported: ["notes:read", "notes:write"],
      ...{
        authorizationOptions: limits,
        tokenOptions: limits,
        clientRegistrationOptions: limits,
        revocationOptions: limits,
      },
    }),
  );

  return Object.assign(server, {
    // The SDK writes its issuer as a URL does.
    issuer: new URL(loopback.origin).href,
    whoIs: (token: string) => access.get(token)?.user ?? null,
    expireAll: () => access.clear(),
    endGrants: () => refresh.clear(),
    [Symbol.asyncDispose]: () => loopback[Symbol.asyncDispose](),
  });
}

function gone(): never {
  throw new InvalidGrantError("This grant has ended");
}

import { randomUUID } from "node:crypto";
import OAuth2Server from "@node-oauth/oauth2-server";
import express from "express";
import { listenOnLoopback } from "../conformance/loopback.ts";
import { type AccountServer, signInPage } from "./account-server.ts";

export interface NodeOAuthOptions {
  clientId: string;
  clientSecret: string;
  redirectUris: string[];
  expiresIn?: number;
}

/**
 * `@node-oauth/oauth2-server`: says nothing of itself, knows the one client that was made by hand, and keeps no account of
 * who came with which scope. Refresh tokens rotate.
 */
export async function startNodeOAuthServer(
  options: NodeOAuthOptions,
): Promise<AccountServer & { authorizationEndpoint: string; tokenEndpoint: string }> {
  const codes = new Map<string, OAuth2Server.AuthorizationCode>();
  const access = new Map<string, OAuth2Server.Token>();
  const refresh = new Map<string, OAuth2Server.Token>();
  const client = {
    id: options.clientId,
    grants: ["authorization_code", "refresh_token"],
    redirectUris: options.redirectUris,
  };
  const server = { refreshes: 0, revoked: [] as string[] };
  const oauth = new OAuth2Server({
    accessTokenLifetime: options.expiresIn ?? 3600,
    model: {
      getClient: async (id: string, secret: string | null) =>
        id === options.clientId && (secret === null || secret === options.clientSecret) ? client : null,
      saveAuthorizationCode: async (code, client, user) => {
        const saved = { ...code, client, user };
        codes.set(code.authorizationCode, saved);
        return saved;
      },
      getAuthorizationCode: async (code: string) => codes.get(code),
      revokeAuthorizationCode: async ({ authorizationCode }) => codes.delete(authorizationCode),
      saveToken: async (token, client, user) => {
        const saved = { ...token, client, user };
        access.set(token.accessToken, saved);
        refresh.set(token.refreshToken!, saved);
        return saved;
      },
      getAccessToken: async (token: string) => access.get(token),
      getRefreshToken: async (token: string) => refresh.get(token) as OAuth2Server.RefreshToken | undefined,
      revokeToken: async (token) => {
        server.refreshes++;
        return refresh.delete(token.refreshToken!);
      },
    },
  });
  const pending = new Map<string, { query: Record<string, string> }>();
  const app = express();

  app.get("/login/authorize", (req, res) => {
    const id = randomUUID();
    pending.set(id, { query: req.query as Record<string, string> });
    res.type("html").send(signInPage(id));
  });
  app.post("/sign-in", express.urlencoded({ extended: false }), async (req, res) => {
    const { query } = pending.get(req.body.pending)!;
    const request = new OAuth2Server.Request({ headers: {}, method: "GET", query });
    const response = new OAuth2Server.Response({ headers: {} });
    const user = { name: req.body["upstream-user"] };
    await oauth.authorize(request, response, { authenticateHandler: { handle: () => user } });
    res.redirect(303, response.headers!.location!);
  });
  app.post("/login/access_token", express.urlencoded({ extended: false }), async (req, res) => {
    const response = new OAuth2Server.Response({ headers: {} });
    await oauth.token(new OAuth2Server.Request(req), response).catch(() => {});
    res.status(response.status!).set(response.headers!).json(response.body);
  });

  const loopback = await listenOnLoopback((req, res) => void app(req, res));
  return Object.assign(server, {
    issuer: loopback.origin,
    authorizationEndpoint: `${loopback.origin}/login/authorize`,
    tokenEndpoint: `${loopback.origin}/login/access_token`,
    whoIs: (token: string) => access.get(token)?.user.name ?? null,
    expireAll: () => access.clear(),
    endGrants: () => refresh.clear(),
    [Symbol.asyncDispose]: () => loopback[Symbol.asyncDispose](),
  });
}

import type { AuthorizationServer } from "./discover.ts";
import type { AuthMethod } from "./register.ts";

/** A service whose API names no authorization server by itself. */
export interface KnownService {
  name: string;
  /** Where its APIs are. An OAuth client that an operator provides for it serves these origins only. */
  origins: readonly string[];
  server: AuthorizationServer;
  authMethod: AuthMethod;
  /** What to ask for where the owner says nothing else. */
  scopes: readonly string[];
  /** Where it is not a space (RFC 6749 §3.3). */
  scopeDelimiter?: string;
  scopeParameter?: string;
  extraParameters?: Readonly<Record<string, string>>;
  /** Where an owner makes the OAuth app. */
  registerAt: string;
}

export const KNOWN_SERVICES: Readonly<Record<string, KnownService>> = {
  github: {
    name: "GitHub",
    origins: ["https://api.github.com", "https://api.githubcopilot.com"],
    server: {
      issuer: "https://github.com/login/oauth",
      authorization_endpoint: "https://github.com/login/oauth/authorize",
      token_endpoint: "https://github.com/login/oauth/access_token",
    },
    authMethod: "client_secret_post",
    scopes: ["repo", "read:user"],
    registerAt: "https://github.com/settings/developers",
  },
  slack: {
    name: "Slack",
    origins: ["https://slack.com", "https://mcp.slack.com"],
    server: {
      issuer: "https://slack.com",
      authorization_endpoint: "https://slack.com/oauth/v2/authorize",
      token_endpoint: "https://slack.com/api/oauth.v2.access",
    },
    authMethod: "client_secret_post",
    scopes: ["channels:read", "channels:history", "users:read", "search:read"],
    scopeDelimiter: ",",
    scopeParameter: "user_scope",
    registerAt: "https://api.slack.com/apps",
  },
  google: {
    name: "Google",
    origins: [
      "https://www.googleapis.com",
      "https://gmail.googleapis.com",
      "https://sheets.googleapis.com",
      "https://docs.googleapis.com",
      "https://people.googleapis.com",
    ],
    server: {
      issuer: "https://accounts.google.com",
      authorization_endpoint: "https://accounts.google.com/o/oauth2/v2/auth",
      token_endpoint: "https://oauth2.googleapis.com/token",
      revocation_endpoint: "https://oauth2.googleapis.com/revoke",
    },
    authMethod: "client_secret_post",
    scopes: ["openid", "email"],
    extraParameters: { access_type: "offline", prompt: "consent" },
    registerAt: "https://console.cloud.google.com/apis/credentials",
  },
  microsoft: {
    name: "Microsoft",
    origins: ["https://graph.microsoft.com"],
    server: {
      issuer: "https://login.microsoftonline.com/common/v2.0",
      authorization_endpoint: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
      token_endpoint: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    },
    authMethod: "client_secret_post",
    scopes: ["offline_access", "User.Read"],
    registerAt: "https://entra.microsoft.com",
  },
  atlassian: {
    name: "Atlassian",
    origins: ["https://api.atlassian.com"],
    server: {
      issuer: "https://auth.atlassian.com",
      authorization_endpoint: "https://auth.atlassian.com/authorize",
      token_endpoint: "https://auth.atlassian.com/oauth/token",
    },
    authMethod: "client_secret_post",
    scopes: ["offline_access", "read:me", "read:jira-work", "write:jira-work"],
    extraParameters: { audience: "api.atlassian.com", prompt: "consent" },
    registerAt: "https://developer.atlassian.com/console/myapps",
  },
  hubspot: {
    name: "HubSpot",
    origins: ["https://api.hubapi.com"],
    server: {
      issuer: "https://app.hubspot.com",
      authorization_endpoint: "https://app.hubspot.com/oauth/authorize",
      token_endpoint: "https://api.hubapi.com/oauth/v1/token",
    },
    authMethod: "client_secret_post",
    scopes: ["oauth"],
    registerAt: "https://developers.hubspot.com",
  },
  xero: {
    name: "Xero",
    origins: ["https://api.xero.com"],
    server: {
      issuer: "https://identity.xero.com",
      authorization_endpoint: "https://login.xero.com/identity/connect/authorize",
      token_endpoint: "https://identity.xero.com/connect/token",
      revocation_endpoint: "https://identity.xero.com/connect/revocation",
    },
    authMethod: "client_secret_basic",
    scopes: ["offline_access", "openid", "profile", "accounting.transactions.read"],
    registerAt: "https://developer.xero.com/app/manage",
  },
  notion: {
    name: "Notion",
    origins: ["https://api.notion.com"],
    server: {
      issuer: "https://api.notion.com",
      authorization_endpoint: "https://api.notion.com/v1/oauth/authorize",
      token_endpoint: "https://api.notion.com/v1/oauth/token",
    },
    authMethod: "client_secret_basic",
    scopes: [],
    extraParameters: { owner: "user" },
    registerAt: "https://www.notion.so/my-integrations",
  },
  linear: {
    name: "Linear",
    origins: ["https://api.linear.app"],
    server: {
      issuer: "https://linear.app",
      authorization_endpoint: "https://linear.app/oauth/authorize",
      token_endpoint: "https://api.linear.app/oauth/token",
      revocation_endpoint: "https://api.linear.app/oauth/revoke",
    },
    authMethod: "client_secret_post",
    scopes: ["read"],
    scopeDelimiter: ",",
    registerAt: "https://linear.app/settings/api/applications/new",
  },
};

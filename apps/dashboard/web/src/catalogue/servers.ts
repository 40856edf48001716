import { newWay, type WayFields } from "../connector/credential/ways.ts";

/** A remote MCP server that its maker runs and documents. */
export interface KnownServer {
  id: string;
  name: string;
  url: string;
  /** What it is for, in few words. */
  about: string;
  /** `app`: members sign in by an OAuth app that an owner makes there first. */
  signIn: "none" | "account" | "app";
  /** Who signs members in, where the server does not say so itself. */
  service?: string;
}

export const KNOWN_SERVERS: readonly KnownServer[] = [
  {
    ...{ id: "asana", name: "Asana", url: "https://mcp.asana.com/v2/mcp" },
    ...{ about: "Tasks, projects, goals", signIn: "app" },
  },
  {
    ...{ id: "atlassian", name: "Atlassian", url: "https://mcp.atlassian.com/v1/mcp/authv2" },
    ...{ about: "Jira, Confluence, Compass", signIn: "account" },
  },
  {
    ...{ id: "cloudflare-docs", name: "Cloudflare docs", url: "https://docs.mcp.cloudflare.com/mcp" },
    ...{ about: "Cloudflare's documentation", signIn: "none" },
  },
  {
    ...{ id: "github", name: "GitHub", url: "https://api.githubcopilot.com/mcp/" },
    ...{ about: "Repositories, issues, pull requests", signIn: "app", service: "github" },
  },
  {
    ...{ id: "intercom", name: "Intercom", url: "https://mcp.intercom.com/mcp" },
    ...{ about: "Customer conversations and tickets", signIn: "account" },
  },
  {
    ...{ id: "linear", name: "Linear", url: "https://mcp.linear.app/mcp" },
    ...{ about: "Issues, projects, comments", signIn: "account" },
  },
  {
    ...{ id: "microsoft-learn", name: "Microsoft Learn", url: "https://learn.microsoft.com/api/mcp" },
    ...{ about: "Microsoft's documentation", signIn: "none" },
  },
  {
    ...{ id: "notion", name: "Notion", url: "https://mcp.notion.com/mcp" },
    ...{ about: "Pages and databases", signIn: "account" },
  },
  {
    ...{ id: "sentry", name: "Sentry", url: "https://mcp.sentry.dev/mcp" },
    ...{ about: "Errors, issues, projects", signIn: "account" },
  },
  {
    ...{ id: "stripe", name: "Stripe", url: "https://mcp.stripe.com" },
    ...{ about: "Payments, customers, invoices", signIn: "account" },
  },
];

export const knownServer = (id: string | undefined): KnownServer | undefined =>
  KNOWN_SERVERS.find((server) => server.id === id);

/** How it is opened, as far as that is known beforehand. */
export function waysOf({ signIn, service = "" }: KnownServer): WayFields[] {
  return signIn === "none" ? [] : [{ ...newWay("member-oauth"), service }];
}

import type { IncomingMessage, RequestListener } from "node:http";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { type Loopback, listenOnLoopback } from "../conformance/loopback.ts";
import type { AccountServer } from "./account-server.ts";

export interface WhoAmI extends AsyncDisposable {
  url: string;
  host: string;
  /** What it was sent, request by request. */
  authorizations: (string | undefined)[];
}

export const WHO_AM_I = {
  name: "whoami",
  description: "Says who is calling",
  inputSchema: { type: "object" as const, properties: {} },
  classification: "read" as const,
};

/** Of both eras; a 401 names where its tokens come from (RFC 9728), unless `silent`. */
export async function startWhoAmI(
  accounts: Pick<AccountServer, "issuer" | "whoIs">,
  { silent = false } = {},
): Promise<WhoAmI> {
  const callers = new WeakMap<object, string>();
  const handler = createMcpHandler((context) => {
    const mcp = new McpServer({ name: "whoami", version: "1.0.0" });
    const { name, description } = WHO_AM_I;
    mcp.registerTool(name, { description }, () => ({
      content: [{ type: "text", text: callers.get(context.authInfo!) ?? "nobody" }],
    }));
    return mcp;
  });
  const answer = toNodeHandler(handler) as RequestListener;
  const authorizations: (string | undefined)[] = [];
  const loopback: Loopback = await listenOnLoopback(async (req, res) => {
    const metadata = `${loopback.origin}/.well-known/oauth-protected-resource/mcp`;
    if (req.url === new URL(metadata).pathname && !silent) {
      const document = { resource: `${loopback.origin}/mcp`, authorization_servers: [accounts.issuer] };
      return res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(document));
    }
    if (req.url !== "/mcp") return res.writeHead(404).end();
    const token = /^Bearer (.+)$/.exec(req.headers.authorization ?? "")?.[1];
    authorizations.push(req.headers.authorization);
    const user = token === undefined ? null : await accounts.whoIs(token);
    if (user === null) {
      const challenge = silent ? "Bearer" : `Bearer resource_metadata="${metadata}", scope="notes:read"`;
      return res.writeHead(401, { "www-authenticate": challenge, "content-type": "application/json" }).end("{}");
    }
    const auth = { token: token!, clientId: "", scopes: [] };
    callers.set(auth, user);
    answer(Object.assign(req as IncomingMessage, { auth }), res);
  });
  return {
    url: `${loopback.origin}/mcp`,
    host: new URL(loopback.origin).host,
    authorizations,
    async [Symbol.asyncDispose]() {
      await handler.close();
      await loopback[Symbol.asyncDispose]();
    },
  };
}

import { createLogger } from "@stoplight/prism-core";
import { getHttpOperationsFromSpec } from "@stoplight/prism-http";
import { createServer } from "@stoplight/prism-http-server";
import { type Arguments, buildRequest } from "../src/http/build-request.ts";
import { type ApiTool, importDescription } from "../src/openapi/import-description.ts";

export interface Peer extends AsyncDisposable {
  tools: ApiTool[];
  /** Calls the only tool; the answer is 200 where the request is what the description says. */
  call(args: Arguments, tool?: ApiTool): Promise<{ status: number; body: string }>;
}

/** An API, mocked by Prism from the same description that the tools are made of: it refuses what the description does not say. */
export async function startPeer(document: object): Promise<Peer> {
  const operations = await getHttpOperationsFromSpec(document);
  const server = createServer(operations, {
    components: { logger: createLogger("peer", { level: "silent" }) },
    cors: false,
    config: {
      checkSecurity: false,
      validateRequest: true,
      validateResponse: false,
      errors: true,
      mock: { dynamic: false },
      upstreamProxy: undefined,
      isProxy: false,
    },
  } as unknown as Parameters<typeof createServer>[1]);
  const url = new URL(await server.listen(0, "127.0.0.1"));
  const { tools } = importDescription(JSON.stringify(document), { url });
  return {
    tools,
    async call(args, tool = tools[0]!) {
      const { path, method, headers, body } = await buildRequest(tool.binding, args, { url });
      const answer = await fetch(new URL(path, url), { method, headers, body });
      return { status: answer.status, body: await answer.text() };
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** A description with one operation. */
export function describing(operation: object, { path = "/things", method = "get" } = {}): object {
  const responses = {
    200: { description: "OK", content: { "application/json": { schema: { type: "object" }, example: {} } } },
  };
  return {
    openapi: "3.1.0",
    info: { title: "Things", version: "1" },
    servers: [{ url: "https://things.example" }],
    paths: { [path]: { [method]: { operationId: "useThings", responses, ...operation } } },
  };
}

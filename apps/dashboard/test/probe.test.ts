import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { type Egress, openEgress } from "@gatehouse/egress/egress";
import { makeCertificate } from "@gatehouse/testing/certificate";
import { startLegacyFixture, startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { startSseFixture } from "@gatehouse/testing/conformance/sse-fixture";
import { afterAll, expect, test } from "vitest";
import { openedWith } from "../server/connectors/org-credential.ts";
import { probe } from "../server/probe/probe.ts";

const egress: Egress = openEgress({ allow: ["127.0.0.1"], ownOrigins: [] });
afterAll(() => egress[Symbol.asyncDispose]());

const TOOL = { name: "echo", description: "Says it again", inputSchema: { type: "object" } };

type Asked = { id?: number; method: string; params?: Record<string, unknown> };
type Answering = (asked: Asked, req: IncomingMessage, res: ServerResponse) => void;

/** A server that answers each message as it is told to. */
function serverThat(answer: Answering): RequestListener {
  return async (req, res) => {
    if (req.method !== "POST") return void res.writeHead(405).end();
    answer((await json(req)) as Asked, req, res);
  };
}

function sendJson(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** A server of the legacy era, without sessions, whose tools come on these pages. */
function legacyServerWith(pages: unknown[][]): Answering {
  return ({ id, method, params }, _, res) => {
    if (method === "initialize") {
      const result = { protocolVersion: "2025-06-18", serverInfo: { name: "pages" }, capabilities: { tools: {} } };
      return sendJson(res, 200, { jsonrpc: "2.0", id, result });
    }
    if (method !== "tools/list") return void res.writeHead(method === "server/discover" ? 400 : 202).end();
    const page = Number(params?.cursor ?? 0);
    const nextCursor = page + 1 < pages.length ? { nextCursor: String(page + 1) } : {};
    sendJson(res, 200, { jsonrpc: "2.0", id, result: { tools: pages[page], ...nextCursor } });
  };
}

const openedBy = (secret: string) => openedWith([{ way: { kind: "bearer" }, secret: { secret } }]);

async function problemsOf(answer: RequestListener, token?: string): Promise<Record<string, string>> {
  await using server = await listenOnLoopback(answer);
  const url = new URL("/mcp", server.origin);
  const fault = await probe({ egress, url, opened: token === undefined ? undefined : openedBy(token) }).catch(
    (thrown) => thrown,
  );
  expect(fault).toMatchObject({ code: "invalid_fields" });
  return fault.data.fields;
}

test("a server of the modern era is recognised, and its tools are found", async () => {
  await using server = await startModernFixture();
  const found = await probe({ egress, url: server.url });
  expect(found).toMatchObject({ era: "modern", protocolVersion: "2026-07-28", leftOut: [] });
  expect(found.tools.map(({ name }) => name)).toContain("test_simple_text");
});

test("the v1 SDK's server of HTTP+SSE is recognised, its tools are found, and its session is ended", async () => {
  await using server = await startSseFixture();
  const found = await probe({ egress, url: server.url });
  expect(found).toMatchObject({ era: "legacy", transport: "http+sse", protocolVersion: "2025-11-25", leftOut: [] });
  expect(found.tools.map(({ name }) => name)).toContain("test_simple_text");
  await expect.poll(() => server.sessions()).toBe(0);
});

test("a server of the legacy era is recognised, and its session is ended", async () => {
  await using server = await startLegacyFixture();
  const methods: string[] = [];
  await using relay = await listenOnLoopback(async (req, res) => {
    methods.push(req.method!);
    const body = req.method === "POST" ? JSON.stringify(await json(req)) : null;
    const { host: _, connection: __, "content-length": ___, ...headers } = req.headers;
    const answer = await fetch(server.url, { method: req.method!, headers: headers as Record<string, string>, body });
    res.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()));
  });
  const found = await probe({ egress, url: new URL("/mcp", relay.origin) });
  expect(found).toMatchObject({ era: "legacy", protocolVersion: "2025-11-25", leftOut: [] });
  expect(found.tools.map(({ name }) => name)).toContain("test_simple_text");
  expect(methods.at(-1)).toBe("DELETE");
});

test("every page of the tools is read", async () => {
  const pages = [[TOOL], [{ ...TOOL, name: "second" }], [{ ...TOOL, name: "third" }]];
  await using server = await listenOnLoopback(serverThat(legacyServerWith(pages)));
  const { tools } = await probe({ egress, url: new URL(server.origin) });
  expect(tools.map(({ name }) => name)).toEqual(["echo", "second", "third"]);
});

test("tools that clients would refuse are left out, and named", async () => {
  const bad = [
    { ...TOOL, name: "has space" },
    { ...TOOL, name: "x".repeat(65) },
    { name: "no_schema" },
    { ...TOOL, name: "nul", description: "\0" },
    TOOL,
    null,
  ];
  await using server = await listenOnLoopback(serverThat(legacyServerWith([[TOOL, ...bad]])));
  const { tools, leftOut } = await probe({ egress, url: new URL(server.origin) });
  expect(tools.map(({ name }) => name)).toEqual(["echo"]);
  expect(leftOut).toEqual(["has space", "x".repeat(65), "no_schema", "nul", "echo", "undefined"]);
});

test("an answer in an event stream that its server leaves open is enough", async () => {
  const server = serverThat(({ id, method }, _, res) => {
    if (method === "initialize") {
      const result = { protocolVersion: "2025-11-25", serverInfo: { name: "open" }, capabilities: {} };
      res.writeHead(200, { "content-type": "text/event-stream" });
      res.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", id, result })}\n\n`);
    } else res.writeHead(method === "server/discover" ? 404 : 202).end();
  });
  await using listening = await listenOnLoopback(server);
  expect(await probe({ egress, url: new URL(listening.origin) })).toMatchObject({ serverName: "open", tools: [] });
});

test("an era that is pinned is the only one that is asked for", async () => {
  await using modern = await startModernFixture();
  await using legacy = await startLegacyFixture();
  const methods: string[] = [];
  await using noting = await listenOnLoopback(
    serverThat((asked, req, res) => {
      methods.push(asked.method);
      legacyServerWith([[TOOL]])(asked, req, res);
    }),
  );
  expect(await probe({ egress, url: new URL(noting.origin) }, "legacy")).toMatchObject({ era: "legacy" });
  expect(methods).not.toContain("server/discover");
  await expect(probe({ egress, url: legacy.url }, "modern")).rejects.toThrow("does not speak MCP 2026-07-28");
  await expect(probe({ egress, url: modern.url }, "legacy")).rejects.toMatchObject({ code: "invalid_fields" });
});

test("a server that speaks neither era of MCP that we know is named as such", async () => {
  const newer = serverThat(({ id }, _, res) => {
    const data = { supported: ["2031-01-01"], requested: "2026-07-28" };
    sendJson(res, 400, { jsonrpc: "2.0", id, error: { code: -32022, message: "no", data } });
  });
  expect((await problemsOf(newer)).url).toBe("The server speaks MCP 2031-01-01, and Gatehouse does not");
});

const PLAIN: [string, RequestListener, RegExp][] = [
  ["a web page", (_, res) => res.writeHead(200, { "content-type": "text/html" }).end("<p>Hello"), /a web page/],
  [
    "a page that is not there",
    (_, res) => res.writeHead(404).end(),
    /no MCP server at this address: it answered 404.*\/mcp/,
  ],
  ["a failing server", (_, res) => res.writeHead(500).end(), /The server fails \(it answered 500\)/],
  ["a server that wants sign-in", (_, res) => res.writeHead(401).end(), /who asks .* credential/],
  ["something else than MCP", (_, res) => res.writeHead(200).end("[]"), /does not speak MCP/],
  ["a server that is asked too often", (_, res) => res.writeHead(429).end(), /asked too often/],
  ["a server that hangs up", (req) => req.socket.destroy(), /connection to 127.0.0.1:\d+ failed.*Try again/],
];

test.each(PLAIN)("%s is described in one sentence on the URL", async (_, answer, sentence) => {
  expect((await problemsOf(answer)).url).toMatch(sentence);
});

test("a token that the server refuses is a problem of the token's field", async () => {
  expect(await problemsOf((_, res) => res.writeHead(401).end(), "wrong")).toEqual({
    secrets: "The server refuses this credential (it answered 401). Check that it is whole, and not expired",
  });
});

test("a redirect is told of, and nothing is sent to where it leads", async () => {
  let reached = 0;
  await using inner = await listenOnLoopback((_, res) => {
    reached++;
    res.end();
  });
  const answer: RequestListener = (_, res) => res.writeHead(307, { location: `${inner.origin}/secret` }).end();
  expect((await problemsOf(answer)).url).toBe(
    `This address redirects to ${inner.origin}, and Gatehouse follows no redirects: enter the address that it leads to`,
  );
  expect(reached).toBe(0);
});

test("an inner address, Gatehouse's own, and a name that does not exist, are described", async () => {
  await using strict = openEgress({ allow: [], ownOrigins: [new URL("https://gate.example")] });
  const own = await probe({ egress: strict, url: new URL("https://gate.example/mcp") }).catch((thrown) => thrown);
  expect(own.data.fields.url).toBe("https://gate.example is refused: it is Gatehouse itself");
  const inner = await probe({ egress: strict, url: new URL("http://127.0.0.1:9/mcp") }).catch((thrown) => thrown);
  expect(inner.data.fields.url).toBe(
    "http://127.0.0.1:9 is refused: 127.0.0.1 is not an address of the public internet. Whoever runs Gatehouse can allow addresses of your own network with GATEHOUSE_EGRESS_ALLOW",
  );
  const unknown = await probe({ egress: strict, url: new URL("https://nothing.invalid/mcp") }).catch(
    (thrown) => thrown,
  );
  expect(unknown.data.fields.url).toBe("There is no server by the name nothing.invalid. Check how it is spelled");
});

test("a certificate that is not trusted, a server without TLS, and a port with nothing on it, are each named", async () => {
  const { key, cert } = makeCertificate();
  await using secure = createSecureServer({ key, cert }).listen(0, "localhost");
  await using plain = createServer((_, res) => res.end()).listen(0, "localhost");
  await Promise.all([secure, plain].map((server) => once(server, "listening")));
  const [securePort, plainPort] = [secure, plain].map((server) => (server.address() as AddressInfo).port);
  await using local = openEgress({ allow: ["localhost"], ownOrigins: [] });
  const said = async (url: string) =>
    (await probe({ egress: local, url: new URL(url) }).catch((thrown) => thrown)).data.fields.url;
  expect(await said(`https://localhost:${securePort}`)).toMatch(/TLS certificate of no authority that is known here/);
  expect(await said(`https://localhost:${plainPort}`)).toMatch(/does not speak TLS/);
  expect(await said("http://localhost:1")).toBe(
    "localhost:1 refuses connections. Check the port, and that the server runs",
  );
});

test("an answer without end is cut off", async () => {
  const flood: RequestListener = (_, res) => {
    res.writeHead(200, { "content-type": "application/json" });
    const more = () => res.write(Buffer.alloc(65_536, 0x20)) && setImmediate(more);
    res.on("drain", more).on("error", () => {});
    more();
  };
  expect((await problemsOf(flood)).url).toMatch(/sent more than 4194304 bytes/);
});

test("a server that never answers is given up after ten seconds", async () => {
  const before = Date.now();
  expect((await problemsOf(() => {})).url).toMatch(/^The server did not answer within 10 seconds. Check that it runs/);
  expect(Date.now() - before).toBeLessThan(12_000);
}, 15_000);

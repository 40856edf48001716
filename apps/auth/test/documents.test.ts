import { afterEach, expect, test, vi } from "vitest";
import {
  AuthorizationRequest,
  authorize,
  REDIRECT_URI,
  redeem,
  refresh,
  signIn,
  startAuthAlone,
} from "./auth-alone.ts";
import { startClientSite } from "./client-site.ts";

// What a client publishes about itself, over time: the clock is the only thing here that is not real.

afterEach(() => vi.useRealTimers());

function forwardBy(seconds: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + seconds * 1000 });
}

/** A client on the web, whose members are not asked each time. */
const WEB = { redirect_uris: ["https://app.example/cb"] };
const MINUTE = 60;
const HOUR = 60 * MINUTE;

async function startAcme(egressAllow: readonly string[] = []) {
  const house = await startAuthAlone({ egressAllow });
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "everything");
  const ada = await house.addMember(org, "ada");
  const redirect_uri = "https://app.example/cb";
  const open = (clientId: string, more = {}) =>
    ada.browser.open(new AuthorizationRequest(house, { client_id: clientId, resource, redirect_uri, ...more }).url);
  return Object.assign(house, { org, resource, ada, open });
}

test.each([
  ["nothing at all", {}, 4 * MINUTE, 6 * MINUTE],
  ["max-age", { "cache-control": "max-age=3600" }, 59 * MINUTE, 61 * MINUTE],
  [
    "max-age and the time it has lain elsewhere",
    { "cache-control": "max-age=3600", age: "3000" },
    9 * MINUTE,
    11 * MINUTE,
  ],
  ["an endless max-age", { "cache-control": "max-age=31536000" }, 23 * HOUR, 25 * HOUR],
  ["Expires", { expires: new Date(Date.now() + HOUR * 1000).toUTCString() }, 58 * MINUTE, 62 * MINUTE],
  ["no-store", { "cache-control": "no-store" }, 5, 15],
  ["max-age=0", { "cache-control": "max-age=0" }, 5, 15],
])("a document that says %s is asked for again when that is over", async (_, headers, before, after) => {
  await using site = await startClientSite((document) => ({ json: { ...document, ...WEB }, headers }));
  await using house = await startAcme(site.egressAllow);
  const began = Date.now();
  for (const [at, asked] of [
    [0, 1],
    [before, 1],
    [after, 2],
  ] as const) {
    forwardBy(at - (Date.now() - began) / 1000);
    expect((await house.open(site.id)).status).toBe(200);
    expect(site.paths.length, `after ${at} s`).toBe(asked);
  }
});

test("a document is asked for by its ETag, and need not be sent again", async () => {
  const asked: (string | undefined)[] = [];
  await using site = await startClientSite((document, { "if-none-match": etag }) => {
    asked.push(etag);
    const headers = { etag: '"one"', "cache-control": "max-age=60" };
    return etag === '"one"' ? { status: 304, body: "", headers } : { json: { ...document, ...WEB }, headers };
  });
  await using house = await startAcme(site.egressAllow);
  for (let round = 0; round < 3; round++) {
    expect((await house.open(site.id)).status).toBe(200);
    forwardBy(2 * MINUTE);
  }
  expect(asked).toEqual([undefined, '"one"', '"one"']);
});

test("a site that is down does not keep its client from connecting for a day, and then does", async () => {
  await using site = await startClientSite((document) => ({ json: { ...document, ...WEB } }));
  await using house = await startAcme(site.egressAllow);
  expect((await house.open(site.id)).status).toBe(200);
  site.serve = () => ({ status: 503, json: {} });
  forwardBy(20 * HOUR);
  expect((await house.open(site.id)).status).toBe(200);
  forwardBy(5 * HOUR);
  expect((await house.open(site.id)).status).toBe(400);
  site.serve = (document) => ({ json: { ...document, ...WEB } });
  forwardBy(MINUTE);
  expect((await house.open(site.id)).status).toBe(200);
});

test.each([
  ["404", { status: 404, json: {} }],
  ["410", { status: 410, json: {} }],
])("a document that its site takes away (%s) counts no more", async (_, gone) => {
  await using site = await startClientSite((document) => ({ json: { ...document, ...WEB } }));
  await using house = await startAcme(site.egressAllow);
  expect((await house.open(site.id)).status).toBe(200);
  site.serve = () => gone;
  forwardBy(10 * MINUTE);
  expect((await house.open(site.id)).status).toBe(400);
});

test.each<[string, Record<string, unknown>]>([
  ["its name", { client_name: "Another name" }],
  ["its redirect URIs", { redirect_uris: ["https://app.example/cb", "https://elsewhere.example/cb"] }],
  [
    "its keys",
    {
      jwks: {
        keys: [
          {
            kty: "EC",
            crv: "P-256",
            x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
          },
        ],
      },
    },
  ],
  ["where its keys are", { jwks_uri: "https://app.example/jwks" }],
])("a client whose document changes %s needs consent anew, and its refresh token waits for that", async (_, change) => {
  await using site = await startClientSite((document) => ({ json: { ...document, ...WEB } }));
  await using house = await startAcme(site.egressAllow);
  const parameters = { client_id: site.id, resource: house.resource, redirect_uri: "https://app.example/cb" };
  const { code, request } = await authorize(house, house.ada, parameters);
  const { json: tokens } = await redeem(house, {
    clientId: site.id,
    code,
    request,
    redirect_uri: parameters.redirect_uri,
  });
  expect((await house.open(site.id)).left?.searchParams.get("code"), "remembered").toEqual(expect.any(String));
  site.serve = (document) => ({ json: { ...document, ...WEB, ...change } });
  forwardBy(10 * MINUTE);
  const page = await house.open(site.id);
  expect(page.left).toBeNull();
  expect(page.text).toContain('name="decision"');
  const refused = await refresh(house, site.id, tokens.refresh_token);
  expect([refused.status, refused.json.error]).toEqual([400, "invalid_grant"]);
  site.serve = (document) => ({ json: { ...document, ...WEB } });
  forwardBy(10 * MINUTE);
  expect((await refresh(house, site.id, tokens.refresh_token)).status, "as it was").toBe(200);
});

test("a document on this computer, under another's name, is never approved by itself", async () => {
  await using site = await startClientSite((document) => ({ json: { ...document, client_name: "Claude" } }));
  await using house = await startAcme(site.egressAllow);
  const redirect_uri = REDIRECT_URI;
  await authorize(house, house.ada, { client_id: site.id, resource: house.resource, redirect_uri });
  const again = await house.open(site.id, { redirect_uri });
  expect(again.left).toBeNull();
  expect(again.text).toContain(new URL(site.id).host);
  expect(again.text).toContain("Anyone can publish an app under this name");
});

const CLAUDE = "https://claude.ai/oauth/mcp-oauth-client-metadata";
const CLAUDE_CODE = "https://claude.ai/oauth/claude-code-client-metadata";

test.each([
  [CLAUDE, "https://claude.ai/api/mcp/auth_callback", "Claude"],
  [CLAUDE, "https://claude.com/api/mcp/auth_callback", "Claude"],
  [CLAUDE_CODE, "http://localhost/callback", "Claude Code"],
  [CLAUDE_CODE, "http://localhost:3118/callback", "Claude Code"],
  [CLAUDE_CODE, "http://127.0.0.1:59999/callback", "Claude Code"],
])("%s connects at %s, its document out of reach", async (clientId, redirect_uri, name) => {
  await using house = await startAcme();
  const parameters = { client_id: clientId, resource: house.resource, redirect_uri };
  const consent = await signIn(house.ada, await house.open(clientId, { redirect_uri }));
  expect(consent.text).toContain(`Allow ${name} to use`);
  expect(consent.text).toContain("claude.ai");
  const { code, request, answer } = await authorize(house, house.ada, parameters);
  expect(answer.origin + answer.pathname).toBe(redirect_uri);
  const { status, json } = await redeem(house, { clientId, code, request, redirect_uri });
  expect([status, typeof json.refresh_token]).toEqual([200, "string"]);
});

test.each([
  [CLAUDE, "https://claude.ai/api/mcp/auth_callback/"],
  [CLAUDE, "https://claude.ai.evil.example/api/mcp/auth_callback"],
  [CLAUDE, "http://localhost/callback"],
  [CLAUDE_CODE, "http://localhost:3118/other"],
  [CLAUDE_CODE, "https://localhost:3118/callback"],
  [CLAUDE_CODE, "http://localhost.evil.example:3118/callback"],
  [CLAUDE_CODE, "http://localhost:3118@evil.example/callback"],
])("%s is not sent to %s", async (clientId, redirect_uri) => {
  await using house = await startAcme();
  const page = await house.open(clientId, { redirect_uri });
  expect([page.status, page.left]).toEqual([400, null]);
});

import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { openLimiter } from "@gatehouse/state/limiter";
import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { insertOperator } from "@gatehouse/store/operators";
import { insertMembership, type Org } from "@gatehouse/store/orgs";
import type { Role } from "@gatehouse/store/tables";
import { createLogger } from "@gatehouse/telemetry/log";
import { startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { type Endpoint, type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { type CookieJar, visit } from "@gatehouse/testing/sign-in";
import { expectChangesTold } from "@gatehouse/testing/told-changes";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Hono } from "hono";
import { sql } from "kysely";
import { OpenAPIClientAxios } from "openapi-client-axios";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Bearer } from "../server/api/bearer.ts";
import { answerFault } from "../server/api/faults.ts";
import type { Shown } from "../server/api/preconditions.ts";
import { limitCallers } from "../server/api/rate-limit.ts";
import { api, type Deps, platformApi } from "../server/dashboard.ts";
import type { SignedIn } from "../server/signing-in/session.ts";
import { type Document, documentOf, expectAsDescribed, type Operation } from "./described.ts";
import { follow, type Send, signIn, submitSignIn } from "./signed-in.ts";

const OWN_CLIENT = { name: "App", redirectUris: ["https://app.example/callback"], tokenEndpointAuthMethod: "none" };

const ROLES = ["owner", "admin", "member", "auditor"] as const satisfies Role[];

let house: TestHouse;
let upstream: Awaited<ReturnType<typeof startModernFixture>>;
let acme: Org;
let document: Document;
let endpoint: Endpoint;
const people = {} as Record<Role, Person>;
const as = {} as Record<Role | "stranger", Send>;

beforeAll(async () => {
  [house, upstream] = await Promise.all([startHouse({ egressAllow: ["127.0.0.1"] }), startModernFixture()]);
  acme = await house.addOrg({ slug: "acme", name: "Acme" });
  for (const role of ROLES) {
    people[role] = await house.addMember(acme, { email: `${role}@acme.example`, role });
    as[role] = await signIn(house, people[role]);
  }
  const other = await house.addOrg({ slug: "other" });
  as.stranger = await signIn(house, await house.addMember(other, { email: "owner@other.example", role: "owner" }));
  endpoint = await house.addConnector(acme, { slug: "tools", url: upstream.url.href });
  document = await documentOf(house.url);
});
afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

interface Route extends Operation {
  method: string;
  path: string;
}

/** What ends one's own access comes last. */
const LAST = ["leaveOrg", "signOut"];

function routes(): Route[] {
  const all = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );
  return all.sort((one, other) => LAST.indexOf(one.operationId) - LAST.indexOf(other.operationId));
}

/** What the app has, whether or not it is described. */
function routesOf(made: (deps: Deps, shown: Shown) => { routes: { method: string; path: string }[] }) {
  const urls = { issuerConnectUrl: house.publicUrl, gatewayConnectUrl: house.publicUrl };
  const deps = { ...house, ...urls, db: house.ownerDb } as unknown as Deps;
  const { routes } = made(deps, { fetch: () => new Response(), routes: () => [] });
  const all = routes.filter(({ method }) => method !== "ALL");
  return [...new Set(all.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`))].sort();
}

const isForTokens = (route: Route) => !["be signed in", "operate the deployment"].includes(route["x-needs"]);

/** In an org, about nothing that there is. */
const addressOf = ({ path }: Route, org: string) =>
  `/api${path.replace("{org}", org).replaceAll(/\{\w+\}/g, "0198c0de-0000-7000-8000-000000000000")}`;

const bodyOf = ({ method }: Route) => (method === "GET" ? undefined : {});

/** With a token, and nothing of a browser's. */
async function withToken(token: string, method: string, path: string, body?: unknown, headers = {}) {
  const answer = await fetch(house.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = text.startsWith("{") ? JSON.parse(text) : undefined;
  return { status: answer.status, headers: answer.headers, text, json };
}

async function mint(send: Send, scopes: string[], path = "/api/orgs/acme/tokens"): Promise<string> {
  const answer = await send("POST", path, { name: "CI", expiresInDays: 1, scopes, connectors: null });
  expect(answer.status, answer.text).toBe(201);
  return answer.json.token;
}

async function mintForAccount(name: string, role: string): Promise<string> {
  const { json } = await as.owner("POST", "/api/orgs/acme/service-accounts", { name, role });
  return mint(as.owner, ["manage:read", "manage:write"], `/api/orgs/acme/service-accounts/${json.id}/tokens`);
}

describe("the OpenAPI document", () => {
  test("is valid, and for everybody to read", async () => {
    const result = await new Validator().validate({ ...structuredClone(document) });
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
  });

  test("says of every change that it takes If-Match, operators' as well, and that what is made in an org takes Idempotency-Key", () => {
    const changes = routes().filter(({ method, path }) => method !== "GET" && !path.startsWith("/session"));
    expect(changes.some(({ path }) => path.startsWith("/platform/"))).toBe(true);
    for (const { operationId, method, path, parameters } of changes) {
      const names = parameters.map(({ name }) => name);
      expect(names, operationId).toContain("If-Match");
      expect(names.includes("Idempotency-Key"), operationId).toBe(method === "POST" && !path.startsWith("/platform/"));
    }
  });

  test("has every route that there is, each under a name of its own", () => {
    const operators = routesOf(platformApi).map((route) => route.replace(" ", " /platform"));
    const all = [...routesOf(api), ...operators].sort();
    const described = routes().filter((route) => route["x-needs"] !== undefined);
    expect(described.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(all);
    expect(new Set(described.map(({ operationId }) => operationId)).size).toBe(all.length);
  });

  test("is what docs/roles.md says of who may do what", async () => {
    const rows = routes().map((route) => {
      const may = [...ROLES, "operator"].map((role) => (route["x-roles"].includes(role) ? "✓" : ""));
      const scope = isForTokens(route) ? (route.method === "GET" ? "read" : "write") : "";
      return `| ${[`\`${route.operationId}\``, `${route.method} ${route.path}`, ...may, scope].join(" | ")} |`;
    });
    const head =
      "| operation | route | owner | admin | member | auditor | operator | token |\n|---|---|---|---|---|---|---|---|";
    const title =
      "# Who may do what\n\nMade from the routes by `apps/dashboard/test/management.test.ts`, which tries them all.";
    const token = "A token has the scope `manage:read` or `manage:write`, and never more than its holder's role.";
    const operators = "At `/platform` there is something for operators alone, in their browsers.";
    const text = [`${title}\n${token}\n${operators}`, [head, ...rows].join("\n")].join("\n\n");
    await expect(`${text}\n`).toMatchFileSnapshot("../../../docs/roles.md");
  });
});

test("each role may do what is said of it, by every route, and nothing else; others see no org at all", {
  timeout: 60_000,
}, async () => {
  for (const route of routes().filter(({ path }) => !path.startsWith("/platform/"))) {
    const [path, body] = [addressOf(route, "acme"), bodyOf(route)];
    const what = `${route.method} ${path}`;
    const [unsigned, refused, nowhere, ...answers] = await Promise.all([
      fetch(house.url + path, { method: route.method }),
      as.stranger(route.method, path, body),
      as.stranger(route.method, addressOf(route, "nowhere"), body),
      ...ROLES.map((role) => as[role](route.method, path, body)),
    ]);
    expect(unsigned.status, what).toBe(401);
    for (const [index, role] of ROLES.entries()) {
      const { status, text } = answers[index]!;
      if (route["x-roles"].includes(role)) expect([401, 403], `${role}: ${what}: ${text}`).not.toContain(status);
      else expect(status, `${role}: ${what}`).toBe(403);
    }
    if (!path.includes("/orgs/")) continue;
    expect(refused.status, what).toBe(404);
    expect(refused.text).toBe(nowhere.text);
  }
  for (const role of ROLES) {
    const { id: userId } = people[role];
    if (role !== "owner") await withOrg(house.ownerDb, acme.id, (scope) => insertMembership(scope, { userId, role }));
    as[role] = await signIn(house, people[role]);
  }
});

test("an operator is shown the deployment; for owners, tokens and everybody else there is nothing there", async () => {
  const operator = await house.addMember(acme, { email: "operator@acme.example" });
  await insertOperator(house.ownerDb, operator.id);
  const asOperator = await signIn(house, operator);
  const token = await mint(asOperator, ["manage:read", "manage:write"]);
  for (const route of routes().filter(({ path }) => path.startsWith("/platform/"))) {
    const [path, body] = [addressOf(route, "nothing"), bodyOf(route)];
    const what = `${route.method} ${path}`;
    expect(route["x-roles"], what).toEqual(["operator"]);
    const [unsigned, withItsToken, allowed, ...refused] = await Promise.all([
      fetch(house.url + path, { method: route.method }),
      withToken(token, route.method, path, body),
      asOperator(route.method, path, body),
      ...ROLES.map((role) => as[role](route.method, path, body)),
    ]);
    expect(unsigned.status, what).toBe(401);
    for (const { status, text } of [withItsToken, ...refused]) {
      expect(status, what).toBe(404);
      expect(text).toContain("There is nothing at this address");
    }
    expect([401, 403], what).not.toContain(allowed.status);
    expect(allowed.text, what).not.toContain("There is nothing at this address");
  }
  expect((await asOperator("GET", "/api/orgs/other/connectors")).status).toBe(404);
});

describe("a token", () => {
  test("opens its org as its holder, and nothing else; one that reads changes nothing", async () => {
    const [reads, writes] = [await mint(as.owner, ["manage:read"]), await mint(as.owner, ["manage:write"])];
    expect((await withToken(reads, "GET", "/api/orgs/acme/people")).status).toBe(200);
    const refused = await withToken(reads, "POST", "/api/orgs/acme/teams", { name: "Readers" });
    expect(refused.status).toBe(403);
    expect(refused.headers.get("www-authenticate")).toContain("insufficient_scope");
    expect((await withToken(writes, "POST", "/api/orgs/acme/teams", { name: "Writers" })).status).toBe(201);
    expect((await withToken(writes, "GET", "/api/orgs/other/connectors")).status).toBe(404);
    for (const path of ["/api/session", "/api/orgs/acme/tokens"]) {
      const method = path.endsWith("tokens") ? "POST" : "GET";
      expect((await withToken(writes, method, path, method === "POST" ? {} : undefined)).status, path).toBe(403);
    }
    const asAuditor = await mint(as.auditor, ["manage:read", "manage:write"]);
    expect((await withToken(asAuditor, "GET", "/api/orgs/acme/audit")).status).toBe(200);
    expect((await withToken(asAuditor, "POST", "/api/orgs/acme/teams", { name: "Mine" })).status).toBe(403);
  });

  test("for connectors opens nothing here, one for this opens no connector, and none is for both", async () => {
    const [calls, manages] = [await mint(as.owner, ["mcp:read"]), await mint(as.owner, ["manage:write"])];
    const refused = await withToken(calls, "GET", "/api/orgs/acme/connectors");
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain("invalid_token");
    const call = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    const accept = { accept: "application/json, text/event-stream" };
    const { pathname } = new URL(endpoint.url);
    expect((await withToken(manages, "POST", pathname, call, accept)).status).toBe(401);
    const both = { name: "CI", expiresInDays: 1, scopes: ["mcp:read", "manage:read"], connectors: null };
    expect((await as.owner("POST", "/api/orgs/acme/tokens", both)).json.fields).toHaveProperty("scopes");
    const narrow = { ...both, scopes: ["manage:read"], connectors: ["tools"] };
    expect((await as.owner("POST", "/api/orgs/acme/tokens", narrow)).json.fields).toHaveProperty("connectors");
    for (const text of ["gate_pat_x", `${manages}x`, ""]) {
      expect((await withToken(text, "GET", "/api/orgs/acme/connectors")).status, text).toBe(401);
    }
  });

  test("of a service account acts as itself, in the role that it was given; the log names both; its end is at once", async () => {
    const token = await mintForAccount("Terraform", "admin");
    expect((await withToken(token, "POST", "/api/orgs/acme/teams", { name: "Platform" })).status).toBe(201);
    const invited = { email: "new@acme.example", role: "member" };
    expect((await withToken(token, "POST", "/api/orgs/acme/people/invitations", invited)).status).toBe(201);
    const rows = await withOrg(house.ownerDb, acme.id, (scope) => listAudit(scope, { limit: 2 }));
    for (const row of rows) {
      expect(row).toMatchObject({ serviceAccountName: "Terraform", entry: { token_name: "CI" } });
    }
    await vi.waitFor(() => expect(house.mails.at(-1)?.text).toContain("Terraform invites you"));
    const owner = { name: "Root", role: "owner" };
    expect((await as.owner("POST", "/api/orgs/acme/service-accounts", owner)).status).toBe(422);
    const { json } = await as.owner("GET", "/api/orgs/acme/service-accounts");
    const account = json.accounts.find(({ name }: { name: string }) => name === "Terraform");
    expect(account.tokens[0].lastUsedAt).not.toBeNull();
    await as.owner("PATCH", `/api/orgs/acme/service-accounts/${account.id}`, { suspended: true });
    expect((await withToken(token, "GET", "/api/orgs/acme/teams")).status).toBe(401);
  });

  test("is worth nothing once it is ended, has run out, or its holder has left", async () => {
    const leaver = await house.addMember(acme, { email: "leaver@acme.example", role: "admin" });
    const token = await mint(await signIn(house, leaver), ["manage:read"]);
    expect((await withToken(token, "GET", "/api/orgs/acme/people")).status).toBe(200);
    await as.owner("PATCH", `/api/orgs/acme/people/members/${leaver.id}`, { role: "member" });
    expect((await withToken(token, "GET", "/api/orgs/acme/people")).status).toBe(403);
    await as.owner("DELETE", `/api/orgs/acme/people/members/${leaver.id}`);
    expect((await withToken(token, "GET", "/api/orgs/acme/connectors")).status).toBe(401);
    const own = await mint(as.owner, ["manage:read"]);
    const { json } = await as.owner("GET", "/api/orgs/acme/access");
    await as.owner("DELETE", `/api/orgs/acme/tokens/${json.tokens[0].id}`);
    expect((await withToken(own, "GET", "/api/orgs/acme/connectors")).status).toBe(401);
  });
});

test("what a role or a token does not allow is in the log, once a minute; what passes says how much may still be asked", async () => {
  const token = await mint(as.member, ["manage:read"]);
  const refused = [
    ...[1, 2, 3].map(() => withToken(token, "GET", "/api/orgs/acme/people")),
    withToken(token, "POST", "/api/orgs/acme/teams", { name: "Mine" }),
  ];
  for (const { status, headers } of await Promise.all(refused)) {
    expect(status).toBe(403);
    expect(headers.get("ratelimit-policy")).toBe('"token";q=200;w=4');
    expect(headers.get("ratelimit")).toMatch(/^"token";r=19\d$/);
  }
  const rows = await withOrg(house.ownerDb, acme.id, (scope) =>
    listAudit(scope, { limit: 10, event: "api.refused", userIds: [people.member.id] }),
  );
  const told = rows
    .filter(({ entry }) => entry.token_name === "CI")
    .map(({ outcome, entry }) => [outcome, entry.route]);
  expect(told.sort()).toEqual([
    ["forbidden", "GET /api/orgs/:org/people"],
    ["insufficient_scope", "POST /api/orgs/:org/teams"],
  ]);
});

test("each caller may ask two hundred times at once and fifty times a second, and is told when to go on", async () => {
  let now = Date.now();
  const limiter = openLimiter(null, () => now);
  const app = new Hono<SignedIn>()
    .onError(answerFault(createLogger({ level: "silent" })))
    .use(async (c, next) => {
      c.set("bearer", { id: c.req.header("x-token") } as Bearer);
      await next();
    })
    .use(limitCallers({ limiter }))
    .get("/", (c) => c.text("ok"));
  const ask = (token: string) => app.request("/", { headers: { "x-token": token } }, { incoming: {} });
  for (let asked = 0; asked < 200; asked++) expect((await ask("a")).status).toBe(200);
  const over = await ask("a");
  expect(over.status).toBe(429);
  expect(over.headers.get("retry-after")).toBe("5");
  expect(over.headers.get("ratelimit")).toBe('"token";r=0;t=5');
  expect((await ask("b")).status).toBe(200);
  now += 5000;
  expect((await ask("a")).status).toBe(200);
  limiter.close();
});

test("the commands of docs/api.md do what is said there", async () => {
  const text = await readFile(join(import.meta.dirname, "../../../docs/api.md"), "utf8");
  const commands = [...text.matchAll(/```sh\n([^`]+)```/g)].map(([, command]) => command);
  expect(commands).toHaveLength(3);
  const script = commands
    .join("\n")
    .replace(/^export .*$/m, "")
    .replaceAll("curl ", "curl -sS --fail-with-body ");
  const env = { PATH: process.env.PATH!, GATEHOUSE: house.url, TOKEN: await mintForAccount("Docs", "admin") };
  const { stdout } = await promisify(execFile)("sh", ["-ec", script], { env });
  expect(stdout).toContain('"name":"Support"');
  expect((await as.owner("GET", "/api/orgs/acme/token-lifetimes")).json.set.accessTokenTtlSeconds).toBe(900);
});

describe("Idempotency-Key", () => {
  const make = (key: string, name: string, send = as.owner) =>
    send("POST", "/api/orgs/acme/service-accounts", { name }, { "idempotency-key": key });

  test("what was made is not made twice, and is answered as it was; another request under the key is refused", async () => {
    const first = await make("k1", "Once");
    const again = await make("k1", "Once");
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.text).toBe(first.text);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect((await make("k1", "Other")).status).toBe(422);
    const { json } = await as.owner("GET", "/api/orgs/acme/service-accounts");
    expect(json.accounts.filter(({ name }: { name: string }) => name === "Once")).toHaveLength(1);
  });

  test("of two at once one makes it; another's key is not mine; what was refused may be mended", async () => {
    const both = await Promise.all([make("k2", "Racer"), make("k2", "Racer")]);
    const statuses = both.map(({ status }) => status).sort();
    expect([201, 409]).toContain(statuses[1]);
    expect(statuses[0]).toBe(201);
    expect((await make("k2", "Racer", as.admin)).status).toBe(409);
    expect((await make("k3", "")).status).toBe(422);
    expect((await make("k3", "Mended")).status).toBe(201);
    expect((await make("x".repeat(256), "Long")).status).toBe(400);
  });

  test("a long answer is not kept, and what it was about is not done again all the same", async () => {
    const addresses = Array.from({ length: 1000 }, (_, at) => `${"x".repeat(40)}${at}`).join(",");
    const paste = () =>
      as.owner(
        "POST",
        "/api/orgs/acme/people/invitations/many",
        { addresses, role: "member" },
        { "idempotency-key": "k5" },
      );
    expect((await paste()).json.results).toHaveLength(1000);
    expect((await paste()).status).toBe(409);
    const rows = await house.ownerDb.selectFrom("idempotency_keys").select("sealed").execute();
    for (const { sealed } of rows) expect(sealed?.length ?? 0).toBeLessThan(70_000);
  });

  test("so many in a day, and those that are there are answered all the same", async () => {
    expect((await make("k6", "Early", as.admin)).status).toBe(201);
    await sql`insert into idempotency_keys (org_id, caller_id, key_hash, request_hash, status, sealed)
      select org_id, caller_id, sha256(n::text::bytea), '', 201, '' from generate_series(1, 4999) n,
      (select org_id, caller_id from idempotency_keys order by created_at desc limit 1) last`.execute(house.ownerDb);
    const refused = await make("k7", "Late", as.admin);
    expect([refused.status, refused.json.type]).toEqual([429, "urn:gatehouse:fault:rate_limited"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(80_000);
    expect((await make("k6", "Early", as.admin)).status).toBe(201);
    expect((await make("k7", "Late")).status).toBe(201);
    await sql`delete from idempotency_keys where request_hash = ''`.execute(house.ownerDb);
  });

  test("a secret that is shown once is kept sealed, and a token's is shown again to its caller", async () => {
    const path = "/api/orgs/acme/tokens";
    const fields = { name: "CI", expiresInDays: 1, scopes: ["mcp:read"], connectors: null };
    const minted = await as.owner("POST", path, fields, { "idempotency-key": "k4" });
    const again = await as.owner("POST", path, fields, { "idempotency-key": "k4" });
    expect(again.json).toEqual(minted.json);
    const rows = await house.ownerDb.selectFrom("idempotency_keys").select("sealed").execute();
    const stored = Buffer.concat(rows.flatMap(({ sealed }) => sealed ?? [])).toString("latin1");
    expect(stored).not.toContain(minted.json.token.slice(-40));
  });
});

describe("If-Match", () => {
  const LIFETIMES = "/api/orgs/acme/token-lifetimes";
  const lifetimes = (accessTokenTtlSeconds: number) => ({
    ...{ accessTokenTtlSeconds, refreshTokenTtlSeconds: null, refreshTokenTtlSecondsMax: null },
  });

  test("of two owners who edit the same, the second is told, and by whom", async () => {
    const etag = (await as.owner("GET", LIFETIMES)).headers.get("etag")!;
    expect(etag).toMatch(/^"[\w-]+"$/);
    expect((await as.admin("GET", LIFETIMES)).headers.get("etag")).toBe(etag);
    expect((await as.admin("PUT", LIFETIMES, lifetimes(600), { "if-match": etag })).status).toBe(204);
    const late = await as.owner("PUT", LIFETIMES, lifetimes(900), { "if-match": etag });
    expect(late.status).toBe(412);
    expect(late.json).toMatchObject({ changedBy: people.admin.email });
    expect((await as.owner("GET", LIFETIMES)).json.set.accessTokenTtlSeconds).toBe(600);
    expect((await as.owner("PUT", LIFETIMES, lifetimes(900), { "if-match": "*" })).status).toBe(204);
    expect((await as.owner("PUT", LIFETIMES, lifetimes(1200))).status).toBe(204);
  });

  test("of many at once one is let in", async () => {
    const etag = (await as.owner("GET", LIFETIMES)).headers.get("etag")!;
    const all = [601, 602, 603, 604].map((ttl) => as.owner("PUT", LIFETIMES, lifetimes(ttl), { "if-match": etag }));
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([204, 412, 412, 412]);
  });

  test("one that comes slowly keeps nobody waiting, and is held against what there is once all of it has come", async () => {
    const etag = (await as.owner("GET", LIFETIMES)).headers.get("etag")!;
    const body = JSON.stringify(lifetimes(700));
    const headers = { ...as.owner.headers, "content-length": body.length, "if-match": etag };
    const slow = request(house.url + LIFETIMES, { method: "PUT", headers });
    const answered = once(slow, "response");
    await new Promise((resolve) => slow.write(body.slice(0, 10), resolve));
    expect((await as.admin("PUT", LIFETIMES, lifetimes(800), { "if-match": etag })).status).toBe(204);
    slow.end(body.slice(10));
    const [late] = (await answered) as [IncomingMessage];
    late.resume();
    expect(late.statusCode).toBe(412);
  });

  test("is asked of those alone who may change it; members are not told what others have done, and nothing stays", async () => {
    const own = "/api/orgs/acme/tokens/0198c0de-0000-7000-8000-000000000000";
    await mint(as.owner, ["mcp:read"]);
    const kept = () => house.ownerDb.selectFrom("resource_changes").select("path").execute();
    const before = await kept();
    expect((await as.member("PUT", LIFETIMES, lifetimes(600), { "if-match": '"x"' })).status).toBe(403);
    const madeUp = `/api/orgs/acme/connectors/${"x".repeat(4000)}`;
    expect((await as.owner("DELETE", madeUp, {}, { "if-match": '"x"' })).status).toBe(412);
    const told = await as.member("DELETE", own, undefined, { "if-match": '"x"' });
    expect(told.status).toBe(412);
    expect(told.text).not.toContain("@acme.example");
    expect(await kept()).toEqual(before);
  });

  test("what has no page of its own is held against what shows it", async () => {
    const { json: team } = await as.owner("POST", "/api/orgs/acme/teams", { name: "Matched" });
    const etag = (await as.owner("GET", "/api/orgs/acme/teams")).headers.get("etag")!;
    const members = `/api/orgs/acme/teams/${team.id}/members`;
    expect((await as.owner("POST", members, { userIds: [people.member.id] })).status).toBe(204);
    const remove = () => as.owner("DELETE", `/api/orgs/acme/teams/${team.id}`, undefined, { "if-match": etag });
    expect((await remove()).status).toBe(412);
  });
});

test("a client that is generated from the document takes an org through its whole life", {
  timeout: 60_000,
}, async () => {
  const token = await mintForAccount("Automation", "admin");
  const generated = new OpenAPIClientAxios({
    definition: document as never,
    axiosConfigDefaults: { baseURL: `${house.url}/api`, headers: { authorization: `Bearer ${token}` } },
  });
  const client = await generated.init();
  const called = new Set<string>();

  /** Fails where the answer is none that the document tells of. */
  async function call(id: string, parameters: Record<string, unknown> = {}, body?: unknown) {
    const operation = generated.getOperation(id);
    expect(operation, id).toBeDefined();
    const answer = await client[id]!({ org: "acme", ...parameters }, body as never).catch((error) => {
      throw new Error(`${id}: ${error.response?.status} ${JSON.stringify(error.response?.data)}`);
    });
    const path = `/api${operation!.path.replaceAll(/\{\w+\}/g, "x")}`;
    const headers = { get: (name: string) => String(answer.headers[name] ?? "") };
    await expectAsDescribed(house.url, operation!.method, path, { status: answer.status, headers, json: answer.data });
    called.add(id);
    return answer.data;
  }

  const { slug } = await call("registerConnector", {}, { name: "Fixture", slug: "fixture", url: upstream.url.href });
  expect((await call("readConnector", { slug })).tools.total).toBeGreaterThan(1);
  const { name } = (await call("listTools", { slug })).tools[0];
  await call("decideOnTool", { slug, name }, { classification: "read" });
  expect((await call("readTool", { slug, name })).classification).toBe("read");
  await call("decideOnTools", { slug, show: "unclassified" }, { classification: "suggested", offered: false });
  expect((await call("listTools", { slug, show: "offered" })).tools).toMatchObject([{ name, classification: "read" }]);
  await call("probeConnector", { slug });
  await call("pinEras", { slug }, { clientEras: "legacy" });
  await call("changeUpstream", { slug }, { url: upstream.url.href, access: [] });
  await call("readRisks", { slug });
  expect((await call("listConnectors")).connectors.map((one: { slug: string }) => one.slug)).toContain(slug);

  await call("invite", {}, { email: "guest@acme.example", role: "member" });
  const { invitations, members } = await call("listPeople");
  const { id } = invitations.find(({ email }: { email: string }) => email === "guest@acme.example");
  await call("sendInvitationAgain", { id });
  await call("withdrawInvitation", { id });
  const joined = await house.addMember(acme, { email: "joined@acme.example" });
  await call("changeRole", { user: joined.id }, { role: "auditor" });
  const team = await call("createTeam", {}, { name: "Helpers" });
  await call("addToTeam", { id: team.id }, { userIds: [members[0].id, joined.id] });
  await call("removeFromTeam", { id: team.id, user: joined.id });
  expect((await call("listTeamMembers", { id: team.id })).members).toHaveLength(1);
  await call("openConnector", { slug }, { openTo: { roles: ["owner"], teams: [team.id] } });
  await call("openConnector", { slug }, { openTo: null });
  expect((await call("listTeams")).teams).toContainEqual({ ...team, members: 1 });
  await call("deleteTeam", { id: team.id });
  await call("readAccessOfMember", { member: joined.id });
  await call("listAccessOfMembers");
  await call("removeMember", { user: joined.id });

  await call("chooseClientPolicy", {}, { policy: "listed" });
  await call("putOnClientList", {}, { entry: "claude.ai" });
  const redirectUris = ["https://app.example/callback"];
  const own = { name: "App", redirectUris, tokenEndpointAuthMethod: "client_secret_basic" };
  const registered = await call("registerOwnClient", {}, own);
  await call("replaceOwnClientSecret", { id: registered.id });
  await call("decideOnClient", { identity: registered.id }, { decision: "blocked" });
  expect(await call("readDecision", { identity: registered.id })).toEqual({ decision: "blocked" });
  expect((await call("listOwnClients")).clients).toHaveLength(1);
  await call("listClients", { waiting: false });
  expect((await call("readClients")).hosts).toEqual(["claude.ai"]);
  await call("deleteOwnClient", { id: registered.id });
  await call("takeOffClientList", {}, { host: "claude.ai", confirmed: true });
  await call("chooseClientPolicy", {}, { policy: "any" });

  await call(
    "changeTokenLifetimes",
    {},
    {
      ...{ accessTokenTtlSeconds: 900, refreshTokenTtlSeconds: null, refreshTokenTtlSecondsMax: null },
    },
  );
  expect((await call("readTokenLifetimes")).set.accessTokenTtlSeconds).toBe(900);
  await call("changeLimit", {}, { subject: "member", amounts: { callsPerMinute: 60 } });
  await call("readLimits");
  expect((await call("searchLimitSubjects", { subject: "connector", search: slug })).subjects).toHaveLength(1);
  await call("summarizeUsage", { days: 1 });
  await call("listUsageHours", { from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" });

  const account = await call("createServiceAccount", {}, { name: "Caller" });
  const fields = { name: "CI", expiresInDays: 7, scopes: ["mcp:read"], connectors: [slug] };
  const minted = await call("mintServiceToken", { account: account.id }, fields);
  await call("endToken", { token: minted.id });
  await call("suspendServiceAccount", { account: account.id }, { suspended: true });
  await call("listServiceAccounts");
  await call("deleteServiceAccount", { account: account.id });

  const { entries } = await call("searchAudit", { limit: 5 });
  expect(entries[0]).toMatchObject({ user: "Automation", event: "service_account.deleted" });
  await call("readAuditEntry", { id: entries[0].id });
  await call("exportAudit", { format: "csv" });
  await call("readIntegrity");
  await call("verifyAudit");
  await call("readAuditSettings");
  expect(called.size).toBeGreaterThan(45);
});

test("every list that grows is read page by page, and each row is on one of them", async () => {
  const tools = ["a", "b", "c"].map((name) => ({ name, inputSchema: { type: "object" } }));
  await house.addConnector(acme, { slug: "paged", url: upstream.url.href, tools });
  for (const name of ["a", "b", "c"]) {
    await as.owner("POST", "/api/orgs/acme/teams", { name: `Paged ${name}` });
    await as.owner("POST", "/api/orgs/acme/service-accounts", { name: `Paged ${name}` });
    await as.owner("POST", "/api/orgs/acme/people/invitations", { email: `${name}@paged.example`, role: "member" });
    await as.owner("POST", "/api/orgs/acme/own-clients", { ...OWN_CLIENT, name: `Paged ${name}` });
    await mint(as.owner, ["mcp:read"]);
  }
  for (const [path, of] of [
    ["teams", "teams"],
    ["service-accounts", "accounts"],
    ["people/invitations", "invitations"],
    ["people/members", "members"],
    ["access/members", "members"],
    ["tokens", "tokens"],
    ["own-clients", "clients"],
    ["connectors", "connectors"],
    ["connectors/paged/tools", "tools"],
  ] as const) {
    const list = `/api/orgs/acme/${path}`;
    const { json: whole } = await as.owner("GET", `${list}?limit=200`);
    expect(whole.next, path).toBeNull();
    const paged: unknown[] = [];
    for (let after = ""; after !== null; ) {
      const { json } = await as.owner("GET", `${list}?limit=2${after && `&after=${after}`}`);
      expect(json[of].length, path).toBeLessThanOrEqual(2);
      paged.push(...json[of]);
      after = json.next;
    }
    expect(paged.length, path).toBeGreaterThan(2);
    expect(paged).toEqual(whole[of]);
    expect((await as.owner("GET", `${list}?limit=0`)).status).toBe(422);
  }
  const { json } = await as.owner("GET", "/api/orgs/acme/audit?limit=1");
  expect((await as.owner("GET", `/api/orgs/acme/audit?limit=1&after=${json.next}`)).json.entries).toHaveLength(1);
});

/** On a page of the authorization server. */
async function fillIn(address: string, cookies: CookieJar, fields: Record<string, string>): Promise<void> {
  const { url, page } = await follow(address, cookies);
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)![1]!;
  expect((await visit(url, cookies, new URLSearchParams({ csrf, ...fields }))).status).toBe(303);
}

test("every change is in the log with what was before it and what is after: what is made, what is changed, what ends", async () => {
  const ACME = "/api/orgs/acme";
  async function change(method: string, path: string, body?: unknown, send = as.owner) {
    const { status, text, json } = await send(method, path, body);
    expect(status, `${method} ${path}: ${text}`).toBeLessThan(300);
    return json;
  }
  await change("PUT", `${ACME}/name`, { name: "Acme Ltd" });
  await change("PUT", `${ACME}/audit/settings`, { arguments: "redacted", retentionDays: 90 });

  const webhook = { kind: "webhook", url: "http://127.0.0.1:9/", startsAt: "now" };
  const delivery = `${ACME}/audit-deliveries/${(await change("POST", `${ACME}/audit-deliveries`, webhook)).id}`;
  await change("PATCH", delivery, { paused: true });
  await change("POST", `${delivery}/secret`);
  await change("DELETE", delivery);

  const { id: identity } = await change("POST", `${ACME}/own-clients`, OWN_CLIENT);
  for (const decision of [null, "allowed"]) await change("PUT", `${ACME}/clients/${identity}/decision`, { decision });

  const { id: account } = await change("POST", `${ACME}/service-accounts`, { name: "Resting" });
  for (const suspended of [true, false]) await change("PATCH", `${ACME}/service-accounts/${account}`, { suspended });

  const info = { title: "Pets", version: "1" };
  const described = (...paths: string[]) => {
    const operations = paths.map((path) => [path, { get: { responses: {} } }]);
    return { text: JSON.stringify({ openapi: "3.1.0", info, paths: Object.fromEntries(operations) }) };
  };
  const pets = { name: "Pets", slug: "pets", url: "https://pets.example.com", offered: [] };
  await change("POST", `${ACME}/apis`, { ...pets, description: described("/cats") });
  await change("POST", `${ACME}/apis/pets/import`, { description: described("/cats", "/dogs"), apply: true });
  await change("DELETE", `${ACME}/connectors/pets`, { confirm: "pets" });

  const server = { authorizationEndpoint: `${upstream.url.origin}/a`, tokenEndpoint: `${upstream.url.origin}/t` };
  const access = [{ kind: "member-oauth" as const, server }];
  await house.addConnector(acme, { slug: "linked", url: upstream.url.href, access });
  await change("PUT", `${ACME}/connectors/linked/linked/app`, { clientId: "app", clientSecret: "app-secret" });

  await change("POST", `${ACME}/people/invitations`, { email: "joining@acme.example", role: "member" });
  const mail = await vi.waitFor(() => house.mails.findLast(({ to }) => to === "joining@acme.example") ?? expect.fail());
  const password = "a horse that is correct";
  await fillIn(/http\S+/.exec(mail.text)![0], new Map(), { name: "Jo", password });
  const cookies: CookieJar = new Map();
  const form = await follow(`${house.url}/dashboard/login`, cookies);
  await follow(await submitSignIn(form, cookies, people.owner), cookies);
  await fillIn(`${house.url}/account/new-org`, cookies, { name: "Second", slug: "second" });

  const operator = await house.addMember(acme, { email: "operates@acme.example" });
  await insertOperator(house.ownerDb, operator.id);
  const asOperator = await signIn(house, operator);
  const SECOND = "/api/platform/orgs/second";
  await change("POST", "/api/platform/plans", { name: "small", limits: {} }, asOperator);
  await change("PUT", `${SECOND}/plan`, { plan: "small" }, asOperator);
  for (const suspended of [true, false]) {
    await change("PUT", `${SECOND}/suspension`, { suspended, confirm: "second" }, asOperator);
  }
  await change("DELETE", SECOND, { confirm: "second" }, asOperator);
  await expectChangesTold(house.ownerDb, "dashboard");
});

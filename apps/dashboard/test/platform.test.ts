import { listAudit, NO_ORG } from "@gatehouse/store/audit";
import { openDatabase, withOrg } from "@gatehouse/store/database";
import { deleteOperator, insertOperator } from "@gatehouse/store/operators";
import type { Org } from "@gatehouse/store/orgs";
import { type Endpoint, type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { tokenFor } from "@gatehouse/testing/token-for";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { destroyDeletedOrgs } from "../server/org/destroy-deleted-orgs.ts";
import { type Send, signIn } from "./signed-in.ts";

let house: TestHouse;
let acme: Org;
let beta: Org;
let endpoint: Endpoint;
let operator: Person;
let owner: Person;
let as: Record<"operator" | "owner" | "admin" | "member", Send>;

beforeAll(async () => {
  house = await startHouse();
  acme = await house.addOrg({ slug: "acme", name: "Acme" });
  beta = await house.addOrg({ slug: "beta" });
  endpoint = await house.addConnector(beta, { slug: "tools", url: "http://127.0.0.1:9/mcp" });
  operator = await house.addMember(acme, { email: "oscar@acme.example" });
  owner = await house.addMember(beta, { email: "olga@beta.example", role: "owner" });
  const admin = await house.addMember(beta, { email: "ada@beta.example", role: "admin" });
  const member = await house.addMember(beta, { email: "max@beta.example" });
  await insertOperator(house.ownerDb, operator.id);
  as = {
    operator: await signIn(house, operator),
    owner: await signIn(house, owner),
    admin: await signIn(house, admin),
    member: await signIn(house, member),
  };
});
afterAll(() => house[Symbol.asyncDispose]());

const P = "/api/platform";
const ROUTES = [
  ["GET", "/orgs", undefined],
  ["GET", "/orgs/beta", undefined],
  ["GET", "/orgs/beta/people", undefined],
  ["GET", "/orgs/beta/connectors", undefined],
  ["PUT", "/orgs/beta/plan", { plan: "default" }],
  ["PUT", "/orgs/beta/suspension", { suspended: true, confirm: "beta" }],
  ["DELETE", "/orgs/beta", { confirm: "beta" }],
  ["GET", "/plans", undefined],
  ["POST", "/plans", { name: "small", limits: {} }],
  ["PUT", "/plans/default", { limits: {} }],
  ["GET", "/health", undefined],
  ["GET", "/audit", undefined],
] as const;

const lastOf = async (orgId: string, event: string) =>
  (await withOrg(house.ownerDb, orgId, (scope) => listAudit(scope, { limit: 1, event })))[0];

test("whoever is no operator cannot tell that there is anything", async () => {
  const nothing = await as.owner("GET", "/api/nothing");
  for (const [method, path, body] of ROUTES) {
    const refused = await as.owner(method, P + path, body);
    expect([path, refused.status, refused.text]).toEqual([path, 404, nothing.text]);
  }
  expect((await as.owner("GET", "/api/session")).json.isOperator).toBe(false);
  expect((await as.operator("GET", "/api/session")).json.isOperator).toBe(true);
});

test("operators find orgs by name, page by page, and see what can be counted, and nothing that is kept", async () => {
  const page = (await as.operator("GET", `${P}/orgs?limit=1`)).json;
  expect(page).toMatchObject({ orgs: [{ slug: "acme", name: "Acme", members: 1, connectors: 0 }], next: "acme" });
  const next = (await as.operator("GET", `${P}/orgs?limit=1&after=acme`)).json;
  expect(next).toMatchObject({ orgs: [{ slug: "beta", members: 3, connectors: 1, calls: 0 }], next: null });
  expect((await as.operator("GET", `${P}/orgs?search=ACM`)).json.orgs).toHaveLength(1);
  expect((await as.operator("GET", `${P}/orgs?search=%25`)).json.orgs).toHaveLength(0);
  expect((await as.operator("GET", `${P}/orgs/beta`)).json).toMatchObject(next.orgs[0]);
  const first = (await as.operator("GET", `${P}/orgs/beta/people?limit=1`)).json;
  const others = (await as.operator("GET", `${P}/orgs/beta/people?after=${first.next}`)).json;
  expect([...first.people, ...others.people].map(({ email }: Person) => email)).toEqual([
    ...["ada@beta.example", "max@beta.example", "olga@beta.example"],
  ]);
  const found = (await as.operator("GET", `${P}/orgs/beta/people?search=OLGA`)).json;
  expect(found.people).toEqual([{ id: owner.id, name: owner.email, email: owner.email, role: "owner" }]);
  const { endpoints } = (await as.operator("GET", `${P}/orgs/beta/connectors`)).json;
  expect(endpoints).toEqual([{ slug: "tools", name: "tools", upstream: "127.0.0.1:9", isDown: false }]);
  expect((await as.operator("GET", `${P}/orgs/missing`)).status).toBe(404);
});

test("being an operator opens no org", async () => {
  for (const path of ["connectors", "audit", "usage"]) {
    expect((await as.operator("GET", `/api/orgs/beta/${path}`)).status).toBe(404);
  }
});

test("a plan is saved and given to an org; the deployment's log says who did it, the org's that operators did", async () => {
  const limits = { member: { callsPerMinute: 60 } };
  const make = (name: string, wanted: object) => as.operator("POST", `${P}/plans`, { name, limits: wanted });
  expect((await make("small", limits)).status).toBe(204);
  const taken = await make("small", {});
  expect([taken.status, taken.json.fields.name]).toEqual([409, expect.stringContaining("change that one, or give")]);
  expect((await as.operator("GET", `${P}/plans/small`)).json).toEqual({ name: "small", limits });
  expect((await make("Small!", limits)).json.fields).toHaveProperty("name");
  expect((await as.operator("PUT", `${P}/plans/none`, { limits })).status).toBe(404);
  expect((await as.operator("PUT", `${P}/plans/small`, { limits: { member: { callsPerMinute: 0 } } })).status).toBe(
    422,
  );
  expect((await as.operator("PUT", `${P}/orgs/beta/plan`, { plan: "small" })).status).toBe(204);
  expect((await as.operator("PUT", `${P}/orgs/beta/plan`, { plan: "none" })).status).toBe(404);
  const change = { before: "default", after: "small" };
  expect(await lastOf(beta.id, "plan.changed")).toMatchObject({ userId: null, entry: { by: "operator", ...change } });
  expect(await lastOf(NO_ORG, "plan.changed")).toMatchObject({
    userId: operator.id,
    entry: { org: "beta", ...change },
  });
  expect(await lastOf(NO_ORG, "plan.saved")).toMatchObject({ entry: { plan: "small", before: null, after: limits } });
});

test("operators search the deployment's own log, and read an entry of it; no org's is in it", async () => {
  const found = (await as.operator("GET", `${P}/audit?event=plan.changed&who=${operator.email}`)).json;
  expect(found.entries).toMatchObject([{ event: "plan.changed", user: operator.email, entry: { org: "beta" } }]);
  const [{ id }] = found.entries;
  expect((await as.operator("GET", `${P}/audit/${id}`)).json).toMatchObject({ id, entry: { after: "small" } });
  expect((await as.operator("GET", `${P}/audit?event=sign_in`)).json.entries).toEqual([]);
  const ofBeta = await lastOf(beta.id, "plan.changed");
  expect((await as.operator("GET", `${P}/audit/${ofBeta!.id}`)).status).toBe(404);
});

test("of two operators who change the same, the second is told, and by whom; what is counted does not count", async () => {
  const etagOf = async (path: string) => (await as.operator("GET", P + path)).headers.get("etag")!;
  const shown = await as.operator("GET", `${P}/orgs/acme`);
  const [org, small] = [shown.json.etags.plan, await etagOf("/plans/small")];
  expect([org, shown.json.etags.suspension]).toEqual([
    await etagOf("/orgs/acme/plan"),
    await etagOf("/orgs/acme/suspension"),
  ]);
  const plan = (plan: string, etag: string) =>
    as.operator("PUT", `${P}/orgs/acme/plan`, { plan }, { "if-match": etag });
  const save = (etag: string) => as.operator("PUT", `${P}/plans/small`, { limits: {} }, { "if-match": etag });
  await sql`insert into usage_hours (org_id, hour, user_id, client, connector_id, tool, calls, errors,
    refused, bytes_in, bytes_out, duration_ms, duration_ms_max)
    values (${acme.id}, date_trunc('hour', now()), ${operator.id}, '', ${NO_ORG}, '', 1,
    0, 0, 0, 0, 0, 0)`.execute(house.ownerDb);
  expect(await etagOf("/orgs/acme")).toBe(shown.headers.get("etag"));
  expect((await plan("small", org)).status).toBe(204);
  const late = await plan("default", org);
  expect([late.status, late.json.changedBy]).toEqual([412, operator.email]);
  expect((await plan("default", "*")).status).toBe(204);
  expect([(await save(small)).status, (await save(small)).status]).toEqual([204, 412]);
  const gone = await as.operator("DELETE", `${P}/orgs/acme`, { confirm: "acme" }, { "if-match": '"another"' });
  expect(gone.status).toBe(412);
});

test("an org is suspended and resumed by who types its name", async () => {
  const suspend = (suspended: boolean, confirm: string) =>
    as.operator("PUT", `${P}/orgs/beta/suspension`, { suspended, confirm });
  expect((await suspend(true, "acme")).json.fields.confirm).toBe("Type “beta” to confirm");
  expect((await suspend(true, "beta")).status).toBe(204);
  expect((await as.operator("GET", `${P}/orgs/beta`)).json.suspendedAt).not.toBeNull();
  expect((await as.owner("PUT", "/api/orgs/beta/name", { name: "Beta" })).status).toBe(403);
  expect((await suspend(false, "beta")).status).toBe(204);
  expect(await lastOf(NO_ORG, "org.resumed")).toMatchObject({ userId: operator.id, entry: { org: "beta" } });
});

test("health tells of the processes that run, what they depend on, and what waits", async () => {
  await expect
    .poll(async () => (await as.operator("GET", `${P}/health`)).json.replicas)
    .toMatchObject([{ apps: ["auth", "gateway", "dashboard"], isAlive: true, dependencies: { postgres: "ok" } }]);
  const { waiting, outages } = (await as.operator("GET", `${P}/health`)).json;
  expect(Object.keys(waiting)).toEqual(["audit", "mails", "revocations", "deliveries"]);
  expect(outages).toEqual([]);
});

test("an org's own people rename it, leave it, and delete it for good, each as far as they may", async () => {
  expect((await as.member("PUT", "/api/orgs/beta/name", { name: "Mine" })).status).toBe(403);
  expect((await as.admin("PUT", "/api/orgs/beta/name", { name: " " })).json.fields.name).toBe("Give it a name");
  expect((await as.admin("PUT", "/api/orgs/beta/name", { name: "Beta Ltd" })).status).toBe(204);
  expect(await lastOf(beta.id, "org.changed")).toMatchObject({
    entry: { before: { name: "beta" }, after: { name: "Beta Ltd" } },
  });
  expect((await as.owner("POST", "/api/orgs/beta/leave")).status).toBe(409);
  expect((await as.member("POST", "/api/orgs/beta/leave")).status).toBe(204);
  expect((await as.member("GET", "/api/orgs/beta/connectors")).status).toBe(404);
  expect(await lastOf(beta.id, "member.left")).toMatchObject({ entry: { member: "max@beta.example" } });

  const { accessToken } = await tokenFor(owner, endpoint.url);
  expect((await as.admin("DELETE", "/api/orgs/beta", { confirm: "beta" })).status).toBe(403);
  expect((await as.owner("DELETE", "/api/orgs/beta", { confirm: "acme" })).status).toBe(422);
  expect((await as.owner("DELETE", "/api/orgs/beta", { confirm: "beta" })).status).toBe(204);
  expect((await as.owner("GET", "/api/orgs/beta/connectors")).status).toBe(404);
  expect((await as.owner("GET", "/api/session")).json.orgs).toEqual([]);
  const call = () => fetch(endpoint.url, { method: "POST", headers: { authorization: `Bearer ${accessToken}` } });
  await expect.poll(async () => (await call()).status).toBe(401);
  await using db = openDatabase(house.access, "gatehouse_dashboard", 1);
  await destroyDeletedOrgs({ db, vault: house.vault });
  await expect(house.vault.dataKey(beta.id)).rejects.toThrow("destroyed");
  const resumed = await as.operator("PUT", `${P}/orgs/beta/suspension`, { suspended: false, confirm: "beta" });
  expect(resumed.status).toBe(409);
  expect(await lastOf(NO_ORG, "org.deleted")).toMatchObject({ userId: owner.id, entry: { org: "beta", by: "owner" } });
});

test("who is no operator any more sees nothing from the next request on", async () => {
  await deleteOperator(house.ownerDb, operator.id);
  expect((await as.operator("GET", `${P}/orgs`)).status).toBe(404);
});

import { findConnectorBySlug, insertTools, updateOpenTo, updateTool } from "@gatehouse/store/connectors";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { addTeamMembers, insertTeam, removeTeamMember } from "@gatehouse/store/teams";
import { expect, test } from "vitest";
import { AuthorizationRequest, connect, type Member, refresh, signIn, startAuthAlone } from "./auth-alone.ts";
import { Browser } from "./browser.ts";

// What is open to some members alone is, for the others, like what is not there.

async function startAcme() {
  const house = await startAuthAlone();
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "notes");
  const inOrg = <T>(act: (scope: OrgScope) => Promise<T>) => withOrg(house.ownerDb, org.id, act);
  const { id } = (await inOrg((scope) => findConnectorBySlug(scope, "notes")))!;
  const ada = await house.addMember(org, "ada");
  const bob = await house.addMember(org, "bob");
  const team = await inOrg((scope) => insertTeam(scope, "Finance"));
  const toFinance = { roles: [], teams: [team] };
  const setFinance = (...members: Member[]) =>
    inOrg(async (scope) => {
      for (const { id } of [ada, bob]) await removeTeamMember(scope, { teamId: team, userId: id });
      await addTeamMembers(
        scope,
        team,
        members.map((member) => member.id),
      );
    });
  await setFinance(ada);
  const { json: client } = await house.register();
  const begin = (member: Member, of = resource) => {
    const browser = new Browser(house.publicUrl);
    const { url } = new AuthorizationRequest(house, { client_id: client.client_id, resource: of });
    return browser.open(url).then((page) => signIn({ ...member, browser }, page));
  };
  return Object.assign(house, { org, id, resource, ada, bob, toFinance, inOrg, setFinance, begin });
}

test("a connector that is open to a team alone is, for who is not in it, like none", async () => {
  await using house = await startAcme();
  const { ada, bob, id, toFinance, inOrg, begin } = house;
  await inOrg((scope) => updateOpenTo(scope, id, toFinance));
  expect((await begin(ada)).text).toContain('name="decision"');
  const [closed, missing] = [await begin(bob), await begin(bob, `${house.url}/acme/nothing/mcp`)];
  const answers = [closed, missing].map(({ left: { searchParams } }) =>
    ["error", "error_description"].map((name) => searchParams.get(name)),
  );
  expect(answers[0]).toEqual(["invalid_target", expect.any(String)]);
  expect(answers[1]).toEqual(answers[0]);
  await house.setFinance(ada, bob);
  expect((await begin(bob)).text).toContain('name="decision"');
});

test("who leaves the team that a connector is open to renews nothing there, until they are in it again", async () => {
  await using house = await startAcme();
  const { ada, id, toFinance, inOrg } = house;
  const { clientId, tokens } = await connect(house, ada, house.resource);
  await inOrg((scope) => updateOpenTo(scope, id, toFinance));
  await house.setFinance();
  const refused = await refresh(house, clientId, tokens.refresh_token);
  expect([refused.status, refused.json.error]).toEqual([400, "invalid_grant"]);
  await house.setFinance(ada);
  expect((await refresh(house, clientId, tokens.refresh_token)).status).toBe(200);
});

test("consent names the tools that this member may use, as clients see them", async () => {
  await using house = await startAcme();
  const { id, toFinance, inOrg, begin } = house;
  const tool = { definition: { name: "x", inputSchema: { type: "object" as const } }, offered: true };
  await inOrg(async (scope) => {
    for (const name of ["look", "pay"]) {
      await insertTools(scope, id, [{ ...tool, name, classification: "read" }]);
    }
    await updateTool(scope, { connectorId: id, name: "pay" }, { openTo: toFinance });
    await updateTool(scope, { connectorId: id, name: "look" }, { edits: { name: "look_around" } });
  });
  expect((await begin(house.ada)).text).toContain("2 tools: look_around, pay");
  expect((await begin(house.bob)).text).toContain("1 tool: look_around");
});

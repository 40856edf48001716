import type { InferResponseType } from "hono/client";
import type { PageQuery } from "../../ui/use-pages.ts";
import { allOf } from "../all-of.ts";
import { client } from "../client.ts";

const { teams } = client.orgs[":org"];
export type Team = InferResponseType<typeof teams.$get>["teams"][number];

export async function pageTeams(org: string, query: PageQuery) {
  return (await teams.$get({ param: { org }, query })).json();
}

export async function listTeams(org: string): Promise<Team[]> {
  return allOf(
    (query) => pageTeams(org, query),
    ({ teams }) => teams,
  );
}

export async function pageTeamMembers(org: string, id: string, query: PageQuery) {
  return (await teams[":id"].members.$get({ param: { org, id }, query })).json();
}

export async function createTeam(org: string, json: { name: string }): Promise<void> {
  await teams.$post({ param: { org }, json });
}

export async function deleteTeam(org: string, id: string): Promise<void> {
  await teams[":id"].$delete({ param: { org, id } });
}

export async function addToTeam(org: string, id: string, userIds: string[]): Promise<void> {
  await teams[":id"].members.$post({ param: { org, id }, json: { userIds } });
}

export async function removeFromTeam(org: string, id: string, user: string): Promise<void> {
  await teams[":id"].members[":user"].$delete({ param: { org, id, user } });
}

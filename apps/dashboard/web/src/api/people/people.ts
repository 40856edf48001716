import type { InferResponseType } from "hono/client";
import type { PageQuery } from "../../ui/use-pages.ts";
import { client } from "../client.ts";
import { overPart, seen } from "../preconditions.ts";

const { connectors, people } = client.orgs[":org"];
const { announcement } = connectors[":slug"];

/** How many people it would reach. */
export async function readReach(org: string, slug: string): Promise<number> {
  return (await (await announcement.$get({ param: { org, slug } })).json()).reach;
}

export async function announce(org: string, slug: string, json: { note: string; reach: number }): Promise<number> {
  return (await (await announcement.$post({ param: { org, slug }, json })).json()).reach;
}

export async function pageMembers(org: string, query: PageQuery) {
  return (await people.members.$get({ param: { org }, query })).json();
}

export async function pageInvitations(org: string, query: PageQuery) {
  return (await people.invitations.$get({ param: { org }, query })).json();
}

export type Member = InferResponseType<typeof people.members.$get>["members"][number];

/** A change of the member as they are `shown`. */
function overMember(org: string, shown: Member) {
  const param = { org, user: shown.id };
  return overPart(
    shown.role,
    async () => seen(await people.members[":user"].$get({ param })),
    ({ role }) => role,
  );
}

export async function changeRole(org: string, shown: Member, role: Role): Promise<void> {
  const param = { org, user: shown.id };
  await people.members[":user"].$patch({ param, json: { role }, ...(await overMember(org, shown)) });
}

export async function removeMember(org: string, shown: Member): Promise<void> {
  await people.members[":user"].$delete({ param: { org, user: shown.id }, ...(await overMember(org, shown)) });
}

const { many } = people.invitations;
export type Invited = InferResponseType<typeof many.$post>;

/** Tells what became of each. */
export async function invite(org: string, json: { addresses: string; role: Role }): Promise<Invited> {
  return (await many.$post({ param: { org }, json })).json();
}

export async function sendInvitationAgain(org: string, id: string): Promise<void> {
  await people.invitations[":id"].send.$post({ param: { org, id } });
}

export async function withdrawInvitation(org: string, id: string): Promise<void> {
  await people.invitations[":id"].$delete({ param: { org, id } });
}

export type Role = Parameters<(typeof people.members)[":user"]["$patch"]>[0]["json"]["role"];
export type Invitation = InferResponseType<typeof people.invitations.$get>["invitations"][number];

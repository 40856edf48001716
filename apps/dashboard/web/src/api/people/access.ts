import type { InferResponseType } from "hono/client";
import type { PageQuery } from "../../ui/use-pages.ts";
import { client } from "../client.ts";

const { access } = client.orgs[":org"];

/** A part of what was let in, and all tokens. */
export async function pageAccess(org: string, query: PageQuery) {
  return (await access.$get({ param: { org }, query })).json();
}

export async function pageAccessOfMembers(org: string, query: PageQuery) {
  return (await access.members.$get({ param: { org }, query })).json();
}

export async function pageAccessOfMember(org: string, member: string, query: PageQuery) {
  return (await access.members[":member"].$get({ param: { org, member }, query })).json();
}

export type OwnEndpoint = InferResponseType<typeof access.endpoints.$get>["endpoints"][number];
export type OwnCall = InferResponseType<typeof access.calls.$get>["calls"][number];

export async function pageOwnEndpoints(org: string, query: PageQuery) {
  return (await access.endpoints.$get({ param: { org }, query })).json();
}

export async function pageOwnCalls(org: string, query: { after?: string }) {
  return (await access.calls.$get({ param: { org }, query })).json();
}

export async function endGrant(org: string, grant: string): Promise<void> {
  await access.grants[":grant"].$delete({ param: { org, grant } });
}

export type Grant = InferResponseType<typeof access.$get>["grants"][number];
export type Token = InferResponseType<typeof access.$get>["tokens"][number];

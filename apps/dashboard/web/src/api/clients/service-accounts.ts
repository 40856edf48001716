import type { InferResponseType } from "hono/client";
import type { PageQuery } from "../../ui/use-pages.ts";
import { client } from "../client.ts";
import { overPart, seen } from "../preconditions.ts";
import type { Minted, NewTokenFields } from "./tokens.ts";

const accounts = client.orgs[":org"]["service-accounts"];

export async function pageServiceAccounts(org: string, query: PageQuery) {
  return (await accounts.$get({ param: { org }, query })).json();
}

export type NewServiceAccount = Required<Parameters<typeof accounts.$post>[0]["json"]>;

export async function createServiceAccount(org: string, json: NewServiceAccount): Promise<void> {
  await accounts.$post({ param: { org }, json });
}

/** A change of the account as it is `shown`. */
function overAccount(org: string, shown: ServiceAccount) {
  const standingOf = ({ role, suspendedAt }: Pick<ServiceAccount, "role" | "suspendedAt">) => ({ role, suspendedAt });
  const param = { org, account: shown.id };
  return overPart(standingOf(shown), async () => seen(await accounts[":account"].$get({ param })), standingOf);
}

export async function suspendServiceAccount(org: string, shown: ServiceAccount, suspended: boolean): Promise<void> {
  const param = { org, account: shown.id };
  await accounts[":account"].$patch({ param, json: { suspended }, ...(await overAccount(org, shown)) });
}

export async function deleteServiceAccount(org: string, shown: ServiceAccount): Promise<void> {
  const param = { org, account: shown.id };
  await accounts[":account"].$delete({ param, ...(await overAccount(org, shown)) });
}

export async function mintServiceToken(org: string, account: string, json: NewTokenFields): Promise<Minted> {
  return (await accounts[":account"].tokens.$post({ param: { org, account }, json })).json();
}

export type ServiceAccount = InferResponseType<typeof accounts.$get>["accounts"][number];

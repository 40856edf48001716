import type { InferResponseType } from "hono/client";
import { client } from "../client.ts";
import { over, type Seen, seen } from "../preconditions.ts";

const { tokens, "token-lifetimes": tokenLifetimes } = client.orgs[":org"];
export type NewTokenFields = Parameters<typeof tokens.$post>[0]["json"];
export type Minted = InferResponseType<typeof tokens.$post>;

export async function mintToken(org: string, json: NewTokenFields): Promise<Minted> {
  return (await tokens.$post({ param: { org }, json })).json();
}

export async function endToken(org: string, token: string): Promise<void> {
  await tokens[":token"].$delete({ param: { org, token } });
}

export async function readTokenLifetimes(org: string) {
  return seen(await tokenLifetimes.$get({ param: { org } }));
}

type TokenLifetimesChange = Parameters<typeof tokenLifetimes.$put>[0]["json"];

export async function changeTokenLifetimes(
  org: string,
  json: TokenLifetimesChange,
  etag: string | null,
): Promise<void> {
  await tokenLifetimes.$put({ param: { org }, json, ...over(etag) });
}

export type TokenLifetimes = Seen<InferResponseType<typeof tokenLifetimes.$get>>;

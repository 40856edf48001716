import type { InferResponseType } from "hono/client";
import type { Preview } from "../../../../server/connectors/apis.ts";
import { client } from "../client.ts";
import { type Progress, resultOf } from "../lines.ts";
import { over, type Seen, seen } from "../preconditions.ts";

const { apis } = client.orgs[":org"];
export type ReadApi = Preview;
export type ApiSource = ({ text: string } | { url: string }) & { followReferences: boolean };

/** What an API's description comes to; nothing is stored. */
export async function readDescription(
  org: string,
  json: ApiSource,
  onProgress: (progress: Progress) => void,
): Promise<ReadApi> {
  return resultOf<ReadApi>(await apis.preview.$post({ param: { org }, json }), onProgress);
}

export type NewApi = Parameters<typeof apis.$post>[0]["json"];

export async function registerApi(org: string, json: NewApi) {
  return (await apis.$post({ param: { org }, json })).json();
}

const importOfApi = apis[":slug"].import;
export type ImportAnew = Parameters<typeof importOfApi.$post>[0]["json"];
export type Imported = InferResponseType<typeof importOfApi.$post>;

type Description = ImportAnew["description"];

/** What an import would change of what there is now. */
export async function compareAnew(org: string, slug: string, description: Description): Promise<Seen<Imported>> {
  const { etag } = await seen(await apis[":slug"].$get({ param: { org, slug } }));
  const response = await importOfApi.$post({ param: { org, slug }, json: { description, apply: false } });
  return { ...(await response.json()), etag };
}

/** In place of what it was compared with, or of whatever there is. */
export async function importAnew(
  org: string,
  slug: string,
  { description, etag }: { description: Description; etag: string | null },
): Promise<void> {
  await importOfApi.$post({ param: { org, slug }, json: { description, apply: true }, ...over(etag) });
}

import type { InferResponseType } from "hono/client";
import type { PreviewLine } from "../../../../server/connectors/apis.ts";
import { client } from "../client.ts";
import { over, type Seen, seen } from "../preconditions.ts";
import { ApiProblem } from "../problem.ts";

const { apis } = client.orgs[":org"];
export type ReadApi = Extract<PreviewLine, { api: unknown }>["api"];
export type ApiSource = ({ text: string } | { url: string }) & { followReferences: boolean };

/** What an API's description comes to; nothing is stored. */
export async function readDescription(
  org: string,
  json: ApiSource,
  onProgress: (progress: { done: number; all: number }) => void,
): Promise<ReadApi> {
  const response = await apis.preview.$post({ param: { org }, json });
  for await (const line of linesOf(response.body!)) {
    const said = JSON.parse(line) as PreviewLine;
    if ("api" in said) return said.api;
    if ("fault" in said) throw new ApiProblem(said.fault);
    onProgress(said.progress);
  }
  throw new ApiProblem({ status: 0, detail: "The answer broke off. Try again" });
}

async function* linesOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value = "" } = await reader.read();
    const lines = (rest + value).split("\n");
    rest = lines.pop()!;
    yield* lines;
    if (done) return;
  }
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

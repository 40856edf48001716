import type { InferResponseType } from "hono/client";
import type { PreviewLine } from "../../../../server/connectors/apis.ts";
import { client } from "../client.ts";
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

export async function importAnew(org: string, slug: string, json: ImportAnew): Promise<Imported> {
  return (await importOfApi.$post({ param: { org, slug }, json })).json();
}

import type { ApiTool, ImportedApi } from "@gatehouse/connectors/openapi/import-description";
import { importInWorker } from "@gatehouse/connectors/openapi/import-in-worker";
import type { Egress } from "@gatehouse/egress/egress";
import { API_DESCRIPTION } from "@gatehouse/egress/limits";
import { Fault } from "@gatehouse/faults";
import type { NewTool } from "@gatehouse/store/connectors";
import { z } from "zod";
import { UpstreamUrl } from "./register.ts";

const REDIRECTS_MAX = 3;

/** Where an API's description is, or the description itself. */
export const DescriptionSource = z
  .object({
    text: z.string().optional(),
    url: UpstreamUrl.optional(),
    /** Where the API is, if its owner says so. */
    baseUrl: UpstreamUrl.optional(),
    /** Other documents that it refers to are fetched too. */
    followReferences: z.boolean().default(false),
  })
  .refine(
    ({ text, url }) => (text === undefined) !== (url === undefined),
    "Give the description, or the URL where it is",
  );
export type DescriptionSource = z.output<typeof DescriptionSource>;

const ROUNDS_MAX = 4;
const DOCUMENTS_MAX = 50;

export interface ImportOptions {
  /** Names by operation, as they were before. */
  names?: ReadonlyMap<string, string>;
  onProgress?: (done: number, all: number) => void;
}

/** Throws `invalid_params` for what is no description, and what egress throws for one that cannot be fetched. */
export async function importApi(
  egress: Egress,
  { text: given, url, baseUrl, followReferences }: DescriptionSource,
  { names, onProgress }: ImportOptions = {},
): Promise<ImportedApi> {
  const text = given ?? (await fetchDescription(egress, url!));
  const external = new Map<string, string>();
  const task = { text, foundAt: url?.href, url: baseUrl?.href, names, external };
  for (let round = 1; ; round++) {
    const api = await importInWorker(task, onProgress);
    const missing = followReferences && round < ROUNDS_MAX ? api.missing.filter((other) => !external.has(other)) : [];
    if (missing.length === 0) return refuseEmpty(api);
    await fetchOthers(egress, missing, external);
  }
}

function refuseEmpty(api: ImportedApi): ImportedApi {
  if (api.tools.length > 0) return api;
  throw new Fault("invalid_params", `No operation can be a tool. The first: ${api.notes[0]?.problem}`);
}

/** What cannot be fetched stays missing, and is in the import's notes. */
async function fetchOthers(egress: Egress, urls: string[], external: Map<string, string>): Promise<void> {
  for (const url of urls.slice(0, DOCUMENTS_MAX - external.size)) {
    external.set(url, await fetchDescription(egress, new URL(url)).catch(() => ""));
  }
}

async function fetchDescription(egress: Egress, url: URL): Promise<string> {
  const { status, body } = await egress.fetch(url, {
    headers: { accept: "application/json, application/yaml, text/yaml, */*;q=0.5", "user-agent": "gatehouse" },
    ...{ ...API_DESCRIPTION, redirectsMax: REDIRECTS_MAX },
  });
  if (status !== 200) throw new Fault("upstream_failed", `${url.host} answered ${status} instead of a description`);
  return body.toString("utf8");
}

/** As it is stored: what it does is said by its method, which the description cannot hide. */
export function toTool({ definition, key, binding, tags, suggested }: ApiTool, offered: boolean): NewTool {
  const { classification } = suggested;
  return { name: definition.name, definition, operation: key, binding, tags, classification, offered };
}

import type { ApiTool, ImportedApi } from "@gatehouse/connectors/openapi/import-description";
import { importInWorker } from "@gatehouse/connectors/openapi/import-in-worker";
import { DESCRIPTION_BYTES_MAX } from "@gatehouse/connectors/openapi/read-description";
import type { Egress } from "@gatehouse/egress/egress";
import { Fault } from "@gatehouse/faults";
import type { NewTool } from "@gatehouse/store/connectors";
import { z } from "zod";
import { UpstreamUrl } from "./register.ts";

const FETCH_TIMEOUT_MS = 30_000;
const REDIRECTS_MAX = 3;

/** Where an API's description is, or the description itself. */
export const DescriptionSource = z
  .object({
    text: z.string().optional(),
    url: UpstreamUrl.optional(),
    /** Where the API is, if its owner says so. */
    baseUrl: UpstreamUrl.optional(),
  })
  .refine(
    ({ text, url }) => (text === undefined) !== (url === undefined),
    "Give the description, or the URL where it is",
  );
export type DescriptionSource = z.output<typeof DescriptionSource>;

/** Throws `invalid_params` for what is no description, and what egress throws for one that cannot be fetched. */
export async function importApi(
  egress: Egress,
  { text, url, baseUrl }: DescriptionSource,
  { names, onProgress }: { names?: ReadonlyMap<string, string>; onProgress?: (done: number, all: number) => void } = {},
): Promise<ImportedApi> {
  const task = { text: text ?? (await fetchDescription(egress, url!)), foundAt: url?.href, url: baseUrl?.href, names };
  return importInWorker(task, onProgress);
}

async function fetchDescription(egress: Egress, url: URL): Promise<string> {
  const { status, body } = await egress.fetch(url, {
    headers: { accept: "application/json, application/yaml, text/yaml, */*;q=0.5", "user-agent": "gatehouse" },
    ...{ bytesMax: DESCRIPTION_BYTES_MAX, timeoutMs: FETCH_TIMEOUT_MS, redirectsMax: REDIRECTS_MAX },
  });
  if (status !== 200) throw new Fault("upstream_failed", `${url.host} answered ${status} instead of a description`);
  return body.toString("utf8");
}

/** As it is stored: what it does is said by its method, which the description cannot hide. */
export function toTool({ definition, key, binding, tags, suggested }: ApiTool, offered: boolean): NewTool {
  const { classification } = suggested;
  return { name: definition.name, definition, operation: key, binding, tags, classification, offered };
}

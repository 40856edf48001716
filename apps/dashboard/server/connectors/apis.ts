import { hash } from "node:crypto";
import { compareTools } from "@gatehouse/connectors/choice/compare";
import type { EditableTool, ToolEdits } from "@gatehouse/connectors/choice/edits";
import type { ImportedApi } from "@gatehouse/connectors/openapi/import-description";
import type { FoundByRule } from "@gatehouse/connectors/risk/weigh";
import { Access, slotOf } from "@gatehouse/credentials/access";
import { Fault } from "@gatehouse/faults";
import { MODERN_VERSIONS } from "@gatehouse/mcp/eras";
import { insertAudit } from "@gatehouse/store/audit";
import {
  type Connector,
  deleteTools,
  findConnectorBySlug,
  insertConnector,
  insertTools,
  listToolsOfConnector,
  lockConnector,
  newConnectorId,
  updateToolDefinition,
} from "@gatehouse/store/connectors";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { type Org, SLUG } from "@gatehouse/store/orgs";
import type { User } from "@gatehouse/store/users";
import { Hono } from "hono";
import { z } from "zod";
import { jsonBody } from "../api/fields.ts";
import { inLines } from "../api/in-lines.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";
import { askerOf } from "../probe/asker.ts";
import { DescriptionSource, importApi, toTool } from "./import-api.ts";
import { keepSecrets, readSecrets, tryClients } from "./org-credential.ts";
import { NewConnectorFields } from "./register.ts";
import { risksOfImport } from "./risks.ts";

const NewApi = NewConnectorFields.extend({
  access: Access.default([]),
  description: DescriptionSource,
  /** The names of the tools that are offered. */
  offered: z.array(z.string().max(64)).max(10_000),
});

const ImportAnew = z.object({
  /** In place of where it was found before. */
  description: DescriptionSource.optional(),
  /** Without it, what would change is said, and nothing is changed. */
  apply: z.boolean().default(false),
});

const ApiAnswer = z.object({
  /** `null` where it was pasted. */
  descriptionUrl: z.string().nullable(),
  tools: z.int(),
  /** A digest of what they are; what is decided about them is no part of it. */
  catalogue: z.string(),
});
const RegisteredApiAnswer = z.object({ slug: z.string(), tools: z.int(), offered: z.int() });

const Missed = z.object({ name: z.string(), problems: z.array(z.string()) });
const Note = z.object({
  ...{ pointer: z.string(), line: z.int().optional(), problem: z.string(), leftOut: z.boolean() },
});
const ImportedAnswer = z.object({
  ...{ added: z.array(z.string()), removed: z.array(z.string()) },
  changed: z.array(z.object({ name: z.string(), members: z.array(z.string()) })),
  ...{ missed: z.array(Missed), notes: z.array(Note) },
});

/** `/api/orgs/:org/apis`: APIs that OpenAPI describes. */
export function apis(deps: Deps) {
  const { db, egress } = deps;
  return new Hono<InOrg>()
    .post(
      "/preview",
      operation("previewApi", {
        summary: "Read an API's description, and store nothing; progress and the result are lines of JSON",
        needs: "change connectors",
        media: ["application/x-ndjson"],
      }),
      jsonBody(DescriptionSource),
      function preview(c) {
        const source = c.req.valid("json");
        return inLines<Preview>(c, async ({ tell }) => {
          const onProgress = (done: number, all: number) => void tell(done, all);
          const api = await importApi(egress, source, { onProgress });
          const risks = await withOrg(db, c.var.membership.org.id, (scope) => risksOfImport(scope, api));
          return viewOf(api, risks);
        });
      },
    )
    .post(
      "/",
      operation("registerApi", {
        summary: "Register an API by its OpenAPI description",
        needs: "change connectors",
        answers: RegisteredApiAnswer,
        status: 201,
      }),
      jsonBody(NewApi),
      async function create(c) {
        const { org } = c.var.membership;
        return c.json(await registerApi(deps, { org, user: c.var.session.user }, c.req.valid("json")), 201);
      },
    )
    .get(
      "/:slug",
      operation("readApi", {
        summary: "Read what an API's description has come to, to import it anew in place of that",
        needs: "change connectors",
        answers: ApiAnswer,
      }),
      async function read(c) {
        const shown = await withOrg(db, c.var.membership.org.id, async (scope) => {
          const { id, descriptionUrl } = await findApi(scope, c.req.param("slug"));
          const tools = await listToolsOfConnector(scope, id);
          return { descriptionUrl, tools: tools.length, catalogue: digestOf(tools) };
        });
        return c.json(shown);
      },
    )
    .post(
      "/:slug/import",
      operation("importApi", {
        summary: "Import an API's description anew, or say what that would change",
        needs: "change connectors",
        answers: ImportedAnswer,
      }),
      jsonBody(ImportAnew),
      async function importAnew(c) {
        const { org } = c.var.membership;
        const wanted = c.req.valid("json");
        c.set("isUnchanged", !wanted.apply);
        const connector = await withOrg(db, org.id, (scope) => findApi(scope, c.req.param("slug")));
        return c.json(await reimport(deps, { org, user: c.var.session.user }, connector, wanted));
      },
    );
}

async function findApi(scope: OrgScope, slug: string): Promise<Connector> {
  const connector = SLUG.test(slug) ? await findConnectorBySlug(scope, slug) : null;
  if (connector?.transport !== "openapi") throw new Fault("not_found", "There is no such API");
  return connector;
}

function digestOf(tools: StoredTool[]): string {
  const shown = tools.map(({ name, operation, definition }) => [name, operation, definition]);
  return hash("sha256", JSON.stringify(shown), "base64url");
}

/** What reading a description comes to. */
export type Preview = ReturnType<typeof viewOf>;

function viewOf({ tools, ...api }: ImportedApi, risks: FoundByRule[]) {
  return {
    ...api,
    /** With every tool offered: what is chosen is weighed where it is chosen. */
    risks: risks.filter(({ found }) => found.length > 0),
    tools: tools.map(({ definition, key, method, path, tags, deprecated, suggested }) => ({
      ...{ name: definition.name, title: definition.title, description: definition.description },
      ...{ key, method, path, tags, deprecated, suggested },
      arguments: Object.keys(definition.inputSchema.properties ?? {}).length,
    })),
  };
}

async function registerApi(
  deps: Deps,
  { org, user }: { org: Org; user: User },
  { name, slug, url, access, secrets, description, offered }: z.output<typeof NewApi>,
) {
  const { db, egress, vault } = deps;
  const { origin } = url;
  egress.check(url);
  const asker = askerOf(deps, { org, user });
  const tried = await tryClients(egress, { access, origin, asker }, readSecrets(access, secrets, new Set()));
  const api = await importApi(egress, { ...description, baseUrl: url });
  const chosen = new Set(offered);
  const tools = api.tools.map((tool) => toTool(tool, chosen.has(tool.definition.name)));
  const id = newConnectorId();
  const dataKey = await vault.dataKey(org.id);
  await withOrg(db, org.id, async (scope) => {
    const verdict = {
      era: "modern",
      transport: "openapi",
      protocolVersion: MODERN_VERSIONS[0]!,
      serverName: api.title,
    } as const;
    const place = { url: url.href, descriptionUrl: description.url?.href ?? null, egressException: null };
    await insertConnector(scope, { id, slug, name, access, ...place, ...verdict }, tools);
    await keepSecrets(scope, dataKey, { connectorId: id, origin, userId: user.id }, tried);
    const counts = { tools: tools.length, offered: chosen.size };
    const after = { slug, name, upstream: origin, ...counts, access: access.map(slotOf) };
    await insertAudit(scope, {
      event: "connector.registered",
      outcome: "ok",
      userId: user.id,
      connectorId: id,
      entry: { after },
    });
  });
  return { slug, tools: tools.length, offered: tools.filter((tool) => tool.offered).length };
}

/** Names stay with their operations, and edits with their names; what is new waits for the owner. */
async function reimport(
  { db, egress }: Deps,
  { org, user }: { org: Org; user: User },
  connector: Connector,
  { description, apply }: z.output<typeof ImportAnew>,
) {
  const source = description ?? storedSource(connector);
  const known = await withOrg(db, org.id, (scope) => listToolsOfConnector(scope, connector.id));
  const names = new Map(known.map(({ operation, name }) => [operation!, name]));
  const api = await importApi(egress, { ...source, baseUrl: new URL(connector.url) }, { names });
  if (!apply) return { ...compare(known, api), notes: api.notes };
  return withOrg(db, org.id, async (scope) => {
    if (!(await lockConnector(scope, connector.id))) throw new Fault("not_found", "There is no such API");
    const stored = await listToolsOfConnector(scope, connector.id);
    const changes = await store(scope, connector.id, stored, api);
    const { added, removed, changed } = changes;
    const [before, after] = [{ tools: stored.length }, { tools: api.tools.length }];
    const entry = { before, after, added, removed, changed };
    await insertAudit(scope, {
      event: "api.imported",
      outcome: "ok",
      userId: user.id,
      connectorId: connector.id,
      entry,
    });
    return { ...changes, notes: api.notes };
  });
}

function storedSource({ descriptionUrl }: Connector): DescriptionSource {
  if (descriptionUrl !== null) return { url: new URL(descriptionUrl), followReferences: false };
  throw new Fault("invalid_fields", "This API's description was pasted: paste the new one, or say where it is");
}

type StoredTool = Awaited<ReturnType<typeof listToolsOfConnector>>[number];

function compare(stored: StoredTool[], { tools }: ImportedApi) {
  const before = stored.map(({ definition, edits }) => ({ definition, edits: edits as ToolEdits | null }));
  return compareTools(
    before,
    tools.map(({ definition }) => definition as EditableTool),
  );
}

async function store(scope: OrgScope, connectorId: string, stored: StoredTool[], api: ImportedApi) {
  const changes = compare(stored, api);
  const offeredBefore = new Set(stored.filter(({ offered }) => offered).map(({ name }) => name));
  const isNew = new Set(changes.added);
  const rows = api.tools.map((tool) => toTool(tool, offeredBefore.has(tool.definition.name)));
  await insertTools(
    scope,
    connectorId,
    rows.filter(({ name }) => isNew.has(name)),
  );
  for (const row of rows)
    if (!isNew.has(row.name)) await updateToolDefinition(scope, connectorId, keepDecision(row, stored));
  await deleteTools(scope, connectorId, changes.removed);
  return changes;
}

/** What the owner has said of it stands. */
function keepDecision(row: ReturnType<typeof toTool>, stored: StoredTool[]) {
  return { ...row, classification: stored.find(({ name }) => name === row.name)!.classification };
}

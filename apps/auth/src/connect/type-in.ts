import { slotOf, type WayOf } from "@gatehouse/credentials/access";
import { type Presented, presentTypedIn, withQuery } from "@gatehouse/credentials/present";
import { SECRETS, sealCredential } from "@gatehouse/credentials/sealed-credential";
import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { putCredential, reserveCredential } from "@gatehouse/store/credentials";
import { withOrg } from "@gatehouse/store/database";
import { auditFailure } from "./begin.ts";
import type { ConnectDeps } from "./connect.ts";
import { type LinkTarget, upstreamOf } from "./link-target.ts";

type MemberSecret = WayOf<"member-secret">;

/** Keeps what a member typed in, once the upstream has taken it. Throws `invalid_fields` where it does not. */
export async function typeIn(deps: ConnectDeps, target: LinkTarget, form: Record<string, unknown>): Promise<void> {
  const { as } = target.way as MemberSecret;
  const parsed = SECRETS[as.kind].safeParse(form);
  if (!parsed.success) throw new Fault("invalid_fields", parsed.error.issues[0]!.message);
  await tryOnce(deps, target, parsed.data).catch((error) => auditFailure(deps, target, error));
  await keep(deps, target, parsed.data);
}

const MESSAGE = { jsonrpc: "2.0", id: 0, method: "server/discover", params: {} };
const MCP_HEADERS = { "mcp-protocol-version": "2026-07-28", "mcp-method": "server/discover" };

/** Whatever the upstream answers but a refusal will do: it has not been asked for anything that it must have. */
async function tryOnce(deps: ConnectDeps, { connector, way }: LinkTarget, secret: object): Promise<void> {
  const to: Presented = { headers: [], query: "" };
  presentTypedIn((way as MemberSecret).as, secret, to);
  const url = new URL(connector.url);
  const address = new URL(withQuery(url.pathname + url.search, to.query), url.origin);
  const headers = { accept: "application/json, text/event-stream", ...pairs(to.headers) };
  const request = isApi(connector)
    ? { headers }
    : {
        method: "POST",
        headers: { ...headers, ...MCP_HEADERS, "content-type": "application/json" },
        body: JSON.stringify(MESSAGE),
      };
  const { status } = await upstreamOf(deps, connector).fetch(address.href, request);
  if (status === 401 || status === 403) {
    throw new Fault(
      "invalid_fields",
      `${url.host} does not accept what you entered (HTTP ${status}). Nothing was kept.`,
    );
  }
  if (status >= 500)
    throw new Fault("upstream_failed", `${url.host} could not try it (HTTP ${status}). Nothing was kept.`);
}

const isApi = ({ transport }: LinkTarget["connector"]) => transport !== "streamable-http" && transport !== "http+sse";

function pairs(flat: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) record[flat[at]!] = flat[at + 1]!;
  return record;
}

async function keep({ db, vault }: ConnectDeps, target: LinkTarget, secret: object): Promise<void> {
  const { org, connector, way, userId } = target;
  const dataKey = await vault.dataKey(org.id);
  await withOrg(db, org.id, async (scope) => {
    const key = { connectorId: connector.id, userId, slot: slotOf(way) };
    const reserved = await reserveCredential(scope, key);
    const sentTo = { upstreamOrigin: new URL(connector.url).origin, tokenEndpoint: null };
    const sealed = sealCredential(dataKey, { org: org.id, ...reserved }, sentTo, secret);
    await putCredential(scope, { ...reserved, ...key, ...sentTo, kind: way.kind, sealed });
    const entry = { way: way.kind };
    await insertAudit(scope, { event: "link.created", outcome: "ok", userId, connectorId: connector.id, entry });
  });
}

import { X509Certificate } from "node:crypto";
import { openCredential } from "@gatehouse/credentials/sealed-credential";
import type { ClientTls } from "@gatehouse/egress/egress";
import { certificateExpiry } from "@gatehouse/telemetry/events";
import type { Observation } from "@gatehouse/telemetry/metrics";
import type { DataKey } from "@gatehouse/vault/vault";
import type { Dependencies } from "../dependencies.ts";
import type { ConnectorSnapshot, OrgSnapshot } from "../snapshots.ts";

/** When the certificates end that are shown to upstreams, for whoever has to see to the next ones. */
export function observeCertificates({
  snapshots,
  vault,
  log,
}: Pick<Dependencies, "snapshots" | "vault" | "log">): Disposable {
  const byOrg = new Map<string, Observation[]>();
  const newest = new Map<string, OrgSnapshot>();

  async function look(org: OrgSnapshot): Promise<void> {
    const shown = [...org.connectors.values()].filter(({ access }) => access.some(({ kind }) => kind === "mtls"));
    const dataKey = shown.length > 0 ? await vault.dataKey(org.id) : null;
    if (newest.get(org.id) !== org) return;
    byOrg.set(
      org.id,
      shown.flatMap((connector) => endOf(org, connector, dataKey!)),
    );
  }

  snapshots.onChange((org, orgId) => {
    if (!org) {
      newest.delete(orgId);
      byOrg.delete(orgId);
      return;
    }
    newest.set(orgId, org);
    look(org).catch((err) => log.warn({ err, org: org.slug }, "when certificates end is not known"));
  });
  return certificateExpiry.observe(() => [...byOrg.values()].flat());
}

/** In seconds since the epoch; nothing where none is there. */
function endOf(org: OrgSnapshot, { slug, origin, credentials }: ConnectorSnapshot, dataKey: DataKey): Observation[] {
  const credential = credentials.get("mtls");
  if (!credential?.sealed || credential.upstreamOrigin !== origin) return [];
  const { id, version, sealed } = credential;
  const sentTo = { upstreamOrigin: origin, tokenEndpoint: null };
  const { certificate } = openCredential<ClientTls>(dataKey, { org: org.id, id, version }, sealed, sentTo);
  return [[new X509Certificate(certificate).validToDate.getTime() / 1000, org.slug, slug]];
}

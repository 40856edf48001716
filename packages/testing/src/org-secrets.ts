import { type Access, slotOf } from "@gatehouse/credentials/access";
import { sealCredential, tokenEndpointOf } from "@gatehouse/credentials/sealed-credential";
import { putCredential, reserveCredential } from "@gatehouse/store/credentials";
import type { OrgScope } from "@gatehouse/store/database";
import type { DataKey } from "@gatehouse/vault/vault";

/** As the dashboard stores what an owner types in. */
export async function giveSecrets(
  org: OrgScope,
  dataKey: DataKey,
  given: { connectorId: string; url: string; access: Access; secrets: Record<string, object> },
): Promise<void> {
  const { connectorId, access, secrets } = given;
  const upstreamOrigin = new URL(given.url).origin;
  for (const way of access) {
    const slot = slotOf(way);
    const secret = secrets[slot];
    if (!secret) continue;
    const sentTo = { upstreamOrigin, tokenEndpoint: tokenEndpointOf(way) };
    const row = await reserveCredential(org, { connectorId, userId: null, slot });
    const sealed = sealCredential(dataKey, { org: org.id, ...row }, sentTo, secret);
    const expiresAt = way.kind === "client-credentials" ? new Date(0) : null;
    await putCredential(org, { ...row, ...sentTo, connectorId, userId: null, kind: way.kind, slot, sealed, expiresAt });
  }
}

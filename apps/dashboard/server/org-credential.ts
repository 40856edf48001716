import { Fault } from "@gatehouse/faults";
import type { Connector } from "@gatehouse/store/connectors";
import type { Vault } from "@gatehouse/vault/vault";

/** Sealed together with the origin that the token was given for; it is sent nowhere else. */
export function sealBearerToken(
  vault: Vault,
  orgId: string,
  { id, url, bearerToken }: { id: string; url: URL; bearerToken: string },
): Promise<Buffer> {
  const credential = { origin: url.origin, bearer: bearerToken };
  return vault.seal({ org: orgId, row: `connectors/${id}` }, JSON.stringify(credential));
}

/** `undefined` where the upstream asks for none. */
export async function openBearerToken(vault: Vault, orgId: string, connector: Connector): Promise<string | undefined> {
  const { id, url, credential } = connector;
  if (credential === null) return undefined;
  const opened = JSON.parse(await vault.open({ org: orgId, row: `connectors/${id}` }, credential));
  if (opened.origin === new URL(url).origin) return opened.bearer;
  throw new Fault("conflict", "The connector's token was given for another address. Enter it anew.");
}

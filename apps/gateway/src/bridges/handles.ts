import type { AccessToken } from "@gatehouse/oauth/access-token";
import type { Vault } from "@gatehouse/vault/vault";

/** What a handle that we mint says to us; to everyone else it is opaque. */
export interface Handle {
  /** The process that holds what the handle is for. */
  replica: string;
  /** What it is for, there. */
  id: string;
  /** What it may be used with, such as a digest of a method and its params. */
  bound?: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** Sealed for one client of one member at one endpoint: another's opens as one that was made up. */
export function sealHandle(vault: Vault, token: AccessToken, handle: Handle): string {
  return vault.sealer("handles").seal(placeOf(token), JSON.stringify(handle));
}

/** `null` for what is not ours, not this client's, or has expired. */
export function openHandle(vault: Vault, token: AccessToken, sealed: string): Handle | null {
  const opened = vault.sealer("handles").open(placeOf(token), sealed);
  const handle: Handle | null = opened === null ? null : JSON.parse(opened);
  return handle && handle.expiresAt > Date.now() ? handle : null;
}

const placeOf = ({ orgId, subject, endpointId, clientId }: AccessToken) =>
  `${orgId}/${subject}/${endpointId}/${clientId}`;

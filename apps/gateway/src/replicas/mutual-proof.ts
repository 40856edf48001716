import type { Vault } from "@gatehouse/vault/vault";

const IDENTITY = "replica";

/**
 * Both ends of a connection between replicas prove that they have the deployment's master key before either says anything
 * (TLS-PSK, RFC 4279); keys are ephemeral (RFC 5489).
 */
const TLS = { ciphers: "ECDHE-PSK-CHACHA20-POLY1305", minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;

const keyOf = (vault: Vault): Buffer => Buffer.from(vault.derive("replicas"), "base64url");

export function acceptingProof(vault: Vault) {
  const key = keyOf(vault);
  return { ...TLS, pskCallback: (_socket: unknown, identity: string) => (identity === IDENTITY ? key : null) };
}

/** There are no certificates, and so no names in them. */
export function offeringProof(vault: Vault) {
  const psk = keyOf(vault);
  return { ...TLS, pskCallback: () => ({ psk, identity: IDENTITY }), checkServerIdentity: () => undefined };
}

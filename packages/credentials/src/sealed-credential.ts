import { Fault } from "@gatehouse/faults";
import { z } from "zod";
import type { Way } from "./access.ts";

/** An org's data key. */
export interface DataKey {
  seal(place: CredentialPlace, plaintext: string): Buffer;
  open(place: CredentialPlace, sealed: Buffer): string;
}

export interface CredentialPlace {
  org: string;
  row: string;
  version: number;
}

/** Where a credential is sent, and nowhere else. */
export interface SentTo {
  upstreamOrigin: string;
  tokenEndpoint: string | null;
}

/** RFC 6750 §2.1, and anything else that a header can carry. */
const Plain = z
  .string("Enter the secret")
  .trim()
  .min(1, "Enter the secret")
  .max(8192, "Use at most 8192 characters")
  .regex(/^[\x20-\x7e]+$/, "A secret has plain characters only");

const One = z.object({ secret: Plain });
const Pem = z.string().trim().max(65_536, "Use at most 64 KB");

const ClientSecret = z.object({
  clientId: z.string("Enter the client id").trim().min(1, "Enter the client id").max(1024),
  clientSecret: z.string("Enter the client secret").trim().min(1, "Enter the client secret").max(4096),
});

/** What a credential of each kind is. */
export const SECRETS = {
  header: One,
  query: One,
  cookie: z.object({ secret: Plain.regex(/^[^",;\\\s]+$/, "A cookie has no spaces, commas, semicolons or quotes") }),
  bearer: z.object({
    secret: Plain.transform((token) => token.replace(/^Bearer\s+/i, "")).pipe(
      Plain.regex(/^\S+$/, "A token has no spaces"),
    ),
  }),
  basic: z.object({
    user: z
      .string("Enter the user name")
      .max(1024)
      .regex(/^[^:\p{Cc}]+$/u, "A user name has no colon"),
    password: z
      .string("Enter the password")
      .max(1024)
      .regex(/^\P{Cc}*$/u, "Leave out control characters"),
  }),
  "client-credentials": ClientSecret,
  "token-exchange": ClientSecret,
  mtls: z.object({
    certificate: Pem.regex(/-----BEGIN CERTIFICATE-----/, "Paste the certificate as PEM"),
    key: Pem.regex(/-----BEGIN (EC |RSA )?PRIVATE KEY-----/, "Paste the private key as PEM, without a passphrase"),
    ca: Pem.regex(/-----BEGIN CERTIFICATE-----/, "Paste the authority's certificate as PEM").optional(),
  }),
} as const;

export type TypedInKind = keyof typeof SECRETS;
export type SecretOf<Kind extends TypedInKind> = z.output<(typeof SECRETS)[Kind]>;
export type Secret = { [Kind in TypedInKind]: SecretOf<Kind> }[TypedInKind];

interface Row {
  org: string;
  id: string;
  version: number;
}

const placeOf = ({ org, id, version }: Row): CredentialPlace => ({ org, row: `credentials/${id}`, version });

/** Sealed for its row and version, together with where it may be sent. `secret` is what the kind's credential is. */
export function sealCredential(key: DataKey, row: Row, sentTo: SentTo, secret: object): Buffer {
  const { upstreamOrigin, tokenEndpoint } = sentTo;
  return key.seal(placeOf(row), JSON.stringify({ upstreamOrigin, tokenEndpoint, secret }));
}

/** Throws `conflict` where it was given for other addresses than `sentTo`. */
export function openCredential<Opened extends object>(key: DataKey, row: Row, sealed: Buffer, sentTo: SentTo): Opened {
  const { upstreamOrigin, tokenEndpoint, secret } = JSON.parse(key.open(placeOf(row), sealed));
  if (upstreamOrigin === sentTo.upstreamOrigin && tokenEndpoint === sentTo.tokenEndpoint) return secret;
  throw new Fault("conflict", "This credential was given for another address. It has to be entered anew.");
}

/** The token endpoint that a way's credential is sent to. */
export function tokenEndpointOf(way: Way): string | null {
  return way.kind === "client-credentials" || way.kind === "token-exchange" ? way.tokenEndpoint : null;
}

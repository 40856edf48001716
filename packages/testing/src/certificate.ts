import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export interface Certificate {
  key: string;
  cert: string;
}

/** A certificate for `localhost`, signed by its own new key (RFC 5280 §4.1). */
export function makeCertificate({ endsAt = LATE } = {}): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const toBeSigned = certificateBody(publicKey, endsAt);
  const signature = sign("sha256", toBeSigned, privateKey);
  const certificate = sequence(toBeSigned, ECDSA_WITH_SHA256, tlv(0x03, Buffer.of(0), signature));
  const base64 = certificate.toString("base64").replace(/(.{64})/g, "$1\n");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
}

function certificateBody(publicKey: KeyObject, endsAt: Date): Buffer {
  const version3 = tlv(0xa0, tlv(0x02, Buffer.of(2)));
  const serial = tlv(0x02, Buffer.of(1));
  const name = sequence(tlv(0x31, sequence(COMMON_NAME, tlv(0x0c, Buffer.from("localhost")))));
  const validity = sequence(utcTime(EARLY), utcTime(endsAt));
  const key = publicKey.export({ type: "spki", format: "der" });
  const alternativeNames = sequence(tlv(0x82, Buffer.from("localhost")));
  const extensions = tlv(0xa3, sequence(sequence(SUBJECT_ALT_NAME, tlv(0x04, alternativeNames))));
  return sequence(version3, serial, ECDSA_WITH_SHA256, name, validity, name, key, extensions);
}

/** DER: tag, length, value (X.690 §8.1). */
function tlv(tag: number, ...parts: Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const long = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...(length < 128 ? [length] : long)), value]);
}

const sequence = (...parts: Buffer[]) => tlv(0x30, ...parts);
const oid = (hex: string) => tlv(0x06, Buffer.from(hex, "hex"));
const utcTime = (at: Date) => tlv(0x17, Buffer.from(`${at.toISOString().replace(/^..|\.\d+|[-:T]/g, "")}`));
const EARLY = new Date("2020-01-01T00:00:00Z");
const LATE = new Date("2049-12-31T23:59:59Z");
const ECDSA_WITH_SHA256 = sequence(oid("2a8648ce3d040302"));
const COMMON_NAME = oid("550403");
const SUBJECT_ALT_NAME = oid("551d11");

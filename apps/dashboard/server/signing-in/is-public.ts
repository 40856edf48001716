import { isPublicAddress, literalAddress } from "@gatehouse/egress/addresses";

/** Names that mean something in one network alone (RFC 6761, 6762, 8375, 9476), and those that networks make up. */
const LOCAL_NAME = /(^|\.)(localhost|local|internal|alt|test|invalid|onion|lan|home|home\.arpa|corp|intranet|private)$/;

/** Whether whoever is on the internet can call it, as far as its URL tells. */
export function isPublic({ protocol, hostname }: URL): boolean {
  if (protocol !== "https:") return false;
  const literal = literalAddress(hostname);
  if (literal) return isPublicAddress(literal);
  return hostname.includes(".") && !LOCAL_NAME.test(hostname);
}

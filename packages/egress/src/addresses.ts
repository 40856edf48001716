import ipaddr from "ipaddr.js";

/**
 * True for an address of the public internet. Private, loopback, link-local, CGNAT, multicast, documentation and every
 * kind of embedded or translated address is not: IPv4-mapped ones are judged as the IPv4 address within.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  return ipaddr.process(address).range() === "unicast";
}

export function isLoopbackAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const range = ipaddr.process(address).range();
  return range === "loopback" || range === "unspecified";
}

/** The host of a URL as an address literal, without brackets; `null` where it is a name. */
export function literalAddress(hostname: string): string | null {
  const bare = hostname.replace(/^\[|\]$/g, "");
  return ipaddr.isValid(bare) ? bare : null;
}

import ipaddr from "ipaddr.js";

/** What the operator allows though it is not public: `host`, `host:port`, `10.0.0.0/8` or `[fd00::/8]:443`. */
export interface Allowance {
  /** By its name, whatever address it has. */
  allowsName(hostname: string, port: string): boolean;
  /** By an address, whatever name it was reached by. */
  allowsAddress(address: string, port: string): boolean;
}

interface Block {
  network: ReturnType<typeof ipaddr.parseCIDR>;
  port: string | null;
}

/** A host or CIDR block, in brackets where it is IPv6 with a port. */
const ENTRY = /^(?:\[(?<inBrackets>[0-9a-f:./]+)\]|(?<bare>[^:[\]]+|[0-9a-f:]+\/\d+))(?::(?<port>\d{1,5}))?$/i;

/** What is wrong with an entry, in words that go on from it; `null` where nothing is. */
export function entryProblem(entry: string): string | null {
  const { inBrackets, bare, port } = ENTRY.exec(entry)?.groups ?? {};
  const place = inBrackets ?? bare;
  if (!place || Number(port ?? 1) > 65_535) return "is neither a host nor a CIDR block, with or without a port";
  if (place.includes("/")) return ipaddr.isValidCIDR(place) ? null : "is no CIDR block";
  if (inBrackets) return ipaddr.IPv6.isValid(place) ? null : "is no address";
  return /^[a-z0-9.-]+$/i.test(place) ? null : "is no host";
}

export function readAllowance(entries: readonly string[]): Allowance {
  const names = new Set<string>();
  const blocks: Block[] = [];
  for (const entry of entries) {
    const { inBrackets, bare, port = null } = ENTRY.exec(entry)!.groups!;
    const place = (inBrackets ?? bare)!;
    if (place.includes("/")) blocks.push({ network: ipaddr.parseCIDR(place), port });
    else names.add(entry.toLowerCase());
  }
  return {
    allowsName: (hostname, port) => names.has(hostname) || names.has(`${hostname}:${port}`),
    allowsAddress(address, port) {
      const parsed = ipaddr.process(address);
      return blocks.some(
        ({ network, port: only }) =>
          (only === null || only === port) && parsed.kind() === network[0].kind() && parsed.match(network),
      );
    },
  };
}

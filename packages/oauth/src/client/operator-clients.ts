import { KNOWN_SERVICES } from "./known-services.ts";

/** OAuth clients that the operator has made at known services, for all orgs, by the service's name. */
export type OperatorClients = Readonly<Record<string, OperatorClient>>;

export interface OperatorClient {
  clientId: string;
  clientSecret: string;
}

/** For an upstream that is the service's own: no other gets to see what the operator was given. */
export function operatorClientFor(
  clients: OperatorClients,
  service: string,
  upstreamOrigin: string,
): OperatorClient | null {
  const isItsOwn = KNOWN_SERVICES[service]?.origins.includes(upstreamOrigin);
  return (isItsOwn && clients[service]) || null;
}

/** The secret as it is now: nothing of it is stored. `null` where the operator has that client no more. */
export function operatorSecretOf(clients: OperatorClients, clientId: string): string | null {
  return Object.values(clients).find((client) => client.clientId === clientId)?.clientSecret ?? null;
}

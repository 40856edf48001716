import type { AuthorizationServer } from "./discover.ts";
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

/**
 * The secret as it is now: nothing of it is stored. `null` where it would be sent to endpoints that are not the service's own,
 * and where the operator has that client no more.
 */
export function operatorSecretOf(clients: OperatorClients, clientId: string, server: Endpoints): string | null {
  const [, found] =
    Object.entries(clients).find(([service, client]) => client.clientId === clientId && isServiceOf(service, server)) ??
    [];
  return found?.clientSecret ?? null;
}

type Endpoints = Pick<AuthorizationServer, "token_endpoint" | "revocation_endpoint">;

function isServiceOf(service: string, { token_endpoint, revocation_endpoint }: Endpoints): boolean {
  const own = KNOWN_SERVICES[service]?.server;
  if (own?.token_endpoint !== token_endpoint) return false;
  return revocation_endpoint === undefined || revocation_endpoint === own.revocation_endpoint;
}

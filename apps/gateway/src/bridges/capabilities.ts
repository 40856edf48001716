import type { Params } from "@gatehouse/mcp/message";

/** What a server asks of a client. */
export interface Ask {
  method: string;
  params?: Params;
}

/** The capabilities that a client must have declared to be asked this; none for what no client can be asked. */
export function neededFor({ method, params }: Ask): Params {
  if (method === "elicitation/create") return { elicitation: params?.mode === "url" ? { url: {} } : { form: {} } };
  if (method === "sampling/createMessage") return { sampling: params?.tools === undefined ? {} : { tools: {} } };
  return method === "roots/list" ? { roots: {} } : {};
}

export function canAnswer(declared: unknown, ask: Ask): boolean {
  const capabilities = (declared ?? {}) as Params;
  const needed = Object.entries(neededFor(ask)) as [string, Params][];
  return needed.length > 0 && needed.every(([name, features]) => includes(capabilities[name], Object.keys(features)));
}

/** A capability that names no features has the one that was there first: elicitation by forms. */
function includes(capability: unknown, features: string[]): boolean {
  if (typeof capability !== "object" || capability === null) return false;
  const named = Object.keys(capability);
  return features.every((feature) => named.includes(feature) || (feature === "form" && !named.includes("url")));
}

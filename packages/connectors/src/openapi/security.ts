import { follow, isObject, type JsonObject } from "./pointer.ts";
import { plain } from "./words.ts";

/** What the API says opens it, as a choice for the connector's credential. */
export type SecurityChoice = { name: string; description: string } & (
  | { kind: "header" | "query" | "cookie"; parameter: string }
  | { kind: "basic" | "bearer" | "mutual_tls" }
  | { kind: "oauth"; flow: OAuthFlow; authorizationUrl?: string; tokenUrl?: string; scopes: Record<string, string> }
  | { kind: "openid"; discoveryUrl: string }
);
export type OAuthFlow = "authorizationCode" | "clientCredentials" | "implicit" | "password";

const FLOWS: OAuthFlow[] = ["authorizationCode", "clientCredentials", "implicit", "password"];

/** In the description's order; schemes that name no way we know are left out. */
export function readSecurity(document: JsonObject, note: (pointer: string, problem: string) => void): SecurityChoice[] {
  const schemes = isObject(document.components) ? document.components.securitySchemes : undefined;
  if (!isObject(schemes)) return [];
  return Object.entries(schemes).flatMap(([name, value]) => {
    const pointer = `#/components/securitySchemes/${name}`;
    const choices = isObject(value) ? readScheme(name, follow(document, { value, pointer }).value) : [];
    if (choices.length === 0) note(pointer, "this way to sign in is not one that is known here");
    return choices;
  });
}

function readScheme(name: string, scheme: JsonObject): SecurityChoice[] {
  const base = { name, description: plain(scheme.description, 300) };
  const location = String(scheme.in);
  switch (scheme.type) {
    case "apiKey":
      if (!["header", "query", "cookie"].includes(location) || typeof scheme.name !== "string") return [];
      return [{ ...base, kind: location as "header", parameter: scheme.name }];
    case "http":
      return readHttpScheme(base, String(scheme.scheme).toLowerCase());
    case "mutualTLS":
      return [{ ...base, kind: "mutual_tls" }];
    case "openIdConnect":
      return typeof scheme.openIdConnectUrl === "string"
        ? [{ ...base, kind: "openid", discoveryUrl: scheme.openIdConnectUrl }]
        : [];
    case "oauth2":
      return FLOWS.flatMap((flow) => readFlow(base, flow, isObject(scheme.flows) ? scheme.flows[flow] : undefined));
    default:
      return [];
  }
}

function readHttpScheme(base: { name: string; description: string }, scheme: string): SecurityChoice[] {
  if (scheme === "basic" || scheme === "bearer") return [{ ...base, kind: scheme }];
  return [{ ...base, kind: "header", parameter: "Authorization" }];
}

function readFlow(base: { name: string; description: string }, flow: OAuthFlow, value: unknown): SecurityChoice[] {
  if (!isObject(value)) return [];
  const { authorizationUrl, tokenUrl, scopes } = value;
  const texts = Object.entries(isObject(scopes) ? scopes : {}).map(([scope, text]) => [scope, plain(text, 200)]);
  return [
    {
      ...base,
      kind: "oauth",
      flow,
      ...(typeof authorizationUrl === "string" ? { authorizationUrl } : {}),
      ...(typeof tokenUrl === "string" ? { tokenUrl } : {}),
      scopes: Object.fromEntries(texts),
    },
  ];
}

/** Names that belong to the credential, and that no argument fills in. */
export function credentialNames(choices: SecurityChoice[]): (location: string, name: string) => boolean {
  const names = new Set(
    choices.flatMap((choice) => ("parameter" in choice ? [`${choice.kind} ${choice.parameter.toLowerCase()}`] : [])),
  );
  return (location, name) => names.has(`${location} ${name.toLowerCase()}`);
}

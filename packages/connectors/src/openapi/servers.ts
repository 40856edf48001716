import { isObject, type Json } from "./pointer.ts";

/**
 * The first server of the list that is a whole URL, with its variables at their defaults; a relative one is taken from where
 * the description was found (OpenAPI 3.1 §4.8.5). `null` where none is.
 */
export function serverUrl(servers: Json | undefined, foundAt: URL | null): URL | null {
  if (!Array.isArray(servers)) return null;
  for (const server of servers) {
    const url =
      isObject(server) && typeof server.url === "string"
        ? URL.parse(fill(server.url, server.variables), foundAt?.href)
        : null;
    if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return plainUrl(url);
  }
  return null;
}

function fill(template: string, variables: Json | undefined): string {
  return template.replace(/\{([^{}]{1,100})\}/g, (whole, name: string) => {
    const variable = isObject(variables) && Object.hasOwn(variables, name) ? variables[name] : undefined;
    return isObject(variable) && variable.default !== undefined ? String(variable.default) : whole;
  });
}

function plainUrl(url: URL): URL {
  const plain = new URL(url);
  plain.search = "";
  plain.hash = "";
  plain.pathname = plain.pathname.replace(/\/+$/, "");
  return plain;
}

/** What scopes allow, in words. */
export function allowed(scopes: string[]): string {
  return scopes.includes("mcp:write") ? "may read and change things" : "may read";
}

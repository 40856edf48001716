/** What scopes allow, in words. */
export function allowed(scopes: string[]): string {
  return scopes.some((scope) => scope.endsWith(":write")) ? "may read and change things" : "may read";
}

/** Such a token opens no connector. */
export function isForManagement(scopes: string[]): boolean {
  return scopes.some((scope) => scope.startsWith("manage:"));
}

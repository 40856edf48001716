const KEY = "gatehouse.org";

export function lastOrg(): string | null {
  return localStorage.getItem(KEY);
}

export function rememberOrg(slug: string): void {
  localStorage.setItem(KEY, slug);
}

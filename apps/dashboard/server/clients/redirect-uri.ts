const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;
const DANGEROUS = new Set(["javascript:", "vbscript:", "data:", "blob:", "file:", "about:"]);

/** What is wrong with an address that codes would be sent to, or `null`: https, this computer, or an app's own scheme. */
export function redirectUriProblem(uri: string): string | null {
  const url = URL.parse(uri);
  if (!url) return "this is no URL";
  if (uri.includes("#")) return "it must not have a fragment (#…)";
  if (url.username || url.password) return "it must not hold a user name or password";
  if (DANGEROUS.has(url.protocol)) return `${url.protocol} addresses are not allowed`;
  if (url.protocol === "http:" && !LOOPBACK.test(url.hostname)) return "it must be https, unless it is on localhost";
  if (url.protocol === "https:" && LOOPBACK.test(url.hostname)) return "on localhost it must be http";
  return null;
}

/** How long an answer serves (RFC 9111), in seconds. */
export interface Freshness {
  fresh: number;
  /** How long it serves after that, where no newer one can be had (RFC 5861 §4). */
  staleIfError: number;
}

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

const FRESH_MIN = 10;
const FRESH_MAX = DAY;
const FRESH_WHERE_UNSAID = 5 * MINUTE;
const STALE_IF_ERROR_MAX = DAY;

type Headers = Record<string, string | string[] | undefined>;

/**
 * What the headers of an answer allow, within bounds: one sign-in looks at a client several times, which asks its site
 * once, and no site keeps a client from being looked at again for more than a day.
 */
export function freshnessOf(headers: Headers): Freshness {
  const directives = directivesOf(headers["cache-control"]);
  if (directives.has("no-store") || directives.has("no-cache")) return { fresh: FRESH_MIN, staleIfError: 0 };
  const fresh = Math.min(Math.max(lifetimeOf(directives, headers), FRESH_MIN), FRESH_MAX);
  if (directives.has("must-revalidate")) return { fresh, staleIfError: 0 };
  const asked = secondsOf(directives.get("stale-if-error")) ?? STALE_IF_ERROR_MAX;
  return { fresh, staleIfError: Math.min(asked, STALE_IF_ERROR_MAX) };
}

function lifetimeOf(directives: Map<string, string>, headers: Headers): number {
  const maxAge = secondsOf(directives.get("max-age"));
  if (maxAge !== null) return maxAge - (secondsOf(headers.age) ?? 0);
  if (typeof headers.expires !== "string") return FRESH_WHERE_UNSAID;
  const expires = Date.parse(headers.expires);
  // A date that cannot be read lies in the past (RFC 9111 §5.3).
  return Number.isNaN(expires) ? 0 : (expires - dateOf(headers)) / 1000;
}

function dateOf({ date }: Headers): number {
  const parsed = typeof date === "string" ? Date.parse(date) : Number.NaN;
  return Number.isNaN(parsed) ? Date.now() : parsed;
}

function secondsOf(value: unknown): number | null {
  return typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : null;
}

function directivesOf(header: unknown): Map<string, string> {
  const directives = [header ?? []].flat().join(",").split(",");
  return new Map(
    directives.map((directive) => {
      const [name = "", value = ""] = directive.split(/=(.*)/s);
      return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, "$1")];
    }),
  );
}

import type { Person } from "./house.ts";

/** What a browser remembers: cookies by name. All that is opened with one belongs to one site. */
export type CookieJar = Map<string, string>;

export interface SignInOptions {
  decision?: "approve" | "deny";
  /** Where this person is signed in already, they are not asked again. */
  cookies?: CookieJar;
  /** Where the way ends; without it, where another site begins. */
  isEnd?: (url: URL) => boolean;
}

type Credentials = Pick<Person, "email" | "password">;

const PAGES_MAX = 20;

/**
 * Does a person's part over HTTP, from the client's authorization URL on: follows redirects with a cookie jar, fills in
 * and submits the sign-in form and the consent form. Answers with the redirect URL that the client is sent back to.
 * Throws with the page's text where the way ends at a page without a form, or a form comes back.
 */
export async function signIn(
  authorizationUrl: URL | string,
  { email, password }: Credentials,
  { decision = "approve", cookies = new Map(), isEnd = leaves(authorizationUrl) }: SignInOptions = {},
): Promise<URL> {
  let page = await visit(new URL(authorizationUrl), cookies);
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const location = page.headers.get("location");
    if (location) {
      const next = new URL(location, page.url);
      if (isEnd(next)) return next;
      page = await visit(next, cookies);
      continue;
    }
    const text = await page.text();
    if (page.status >= 400) throw new Error(`${page.status} from ${page.url}: ${wordsOf(text)}`);
    const form = filledIn(text);
    if (text.includes('name="email"')) setAll(form, { email, way: "password", password });
    else if (text.includes('name="link"')) form.append("link", "later");
    else if (text.includes('name="decision"')) form.append("decision", decision);
    else throw new Error(`No form at ${page.url}: ${wordsOf(text)}`);
    page = await visit(formAction(text, page.url), cookies, form);
  }
  throw new Error(`More than ${PAGES_MAX} pages on the way back to the client`);
}

function leaves(start: URL | string): (url: URL) => boolean {
  const site = new URL(start).origin;
  return (url) => url.origin !== site;
}

/** As a browser does it: with the cookies, `Origin` where a form is sent, and redirects left to the caller. */
export async function visit(url: URL, cookies: CookieJar, form?: URLSearchParams): Promise<Response> {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const headers = { accept: "text/html", cookie, ...(form ? { origin: url.origin } : {}) };
  const request = form ? { method: "POST", body: form } : {};
  const response = await fetch(url, { ...request, headers, redirect: "manual" });
  for (const line of response.headers.getSetCookie()) remember(cookies, line);
  return response;
}

function remember(cookies: CookieJar, line: string): void {
  const [pair = "", ...attributes] = line.split(";");
  const [name = "", ...value] = pair.split("=");
  const expires = attributes.find((attribute) => /^\s*expires=/i.test(attribute))?.split("=")[1];
  const isGone = /;\s*max-age=0/i.test(line) || (expires !== undefined && Date.parse(expires) < Date.now());
  if (isGone) cookies.delete(name.trim());
  else cookies.set(name.trim(), value.join("="));
}

/** What is in the form before anybody has touched it: hidden fields, and boxes that are ticked. */
export function filledIn(page: string): URLSearchParams {
  const form = new URLSearchParams();
  for (const [input] of page.matchAll(/<input\b[^>]*type="(?:hidden"|checkbox"[^>]*\schecked)[^>]*>/g)) {
    form.append(attribute(input, "name") ?? "", attribute(input, "value") ?? "");
  }
  return form;
}

export function formAction(page: string, base: string): URL {
  const tag = /<form\b[^>]*>/.exec(page)?.[0] ?? "";
  return new URL(attribute(tag, "action") ?? base, base);
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return value?.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'");
}

export function setAll(form: URLSearchParams, fields: Record<string, string>): void {
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
}

function wordsOf(page: string): string {
  return page
    .replace(/<style[\s\S]*?<\/style>|<[^>]+>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

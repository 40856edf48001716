import { CONNECT_LINKS, connectLink } from "@gatehouse/oauth/client/connect-link";
import type { Endpoint, Person, TestHouse } from "../house.ts";
import { type CookieJar, filledIn, formAction, setAll, visit } from "../sign-in.ts";

/** Each site's cookies apart, as browsers have them. */
export type Browser = Map<string, CookieJar>;

/** The address that a member is given to link an account at. */
export function linkFor(house: Pick<TestHouse, "publicUrl" | "vault">, person: Person, endpoint: Endpoint): string {
  const path = new URL(endpoint.url).pathname.split("/");
  const whose = { org: path[1]!, connector: path[2]!, connectorId: endpoint.id, userId: person.id };
  return connectLink({ publicUrl: house.publicUrl, key: house.vault.derive(CONNECT_LINKS) }, whose);
}

export interface LastPage {
  url: string;
  status: number;
  text: string;
}

export interface LinkOptions {
  person: Person;
  /** Who they are upstream. */
  as: string;
  browser?: Browser;
  /** Where the way ends, though it leads on. */
  isEnd?: (url: URL) => boolean;
}

/**
 * Does the member's part over HTTP, wherever it begins: signs in at Gatehouse, presses the button that leads upstream,
 * says there who they are, and comes back. Answers with the page at which it ends.
 */
export async function linkAccount(
  start: string | URL,
  { person, as, browser = new Map(), isEnd = () => false }: LinkOptions,
): Promise<LastPage> {
  let page = await open(new URL(start), browser);
  for (let pages = 0; pages < 20; pages++) {
    const location = page.headers.get("location");
    if (location) {
      const next = new URL(location, page.url);
      if (isEnd(next)) return { url: next.href, status: page.status, text: "" };
      page = await open(next, browser);
      continue;
    }
    const text = await page.text();
    const form = answered(text, person, as);
    if (!form || page.status >= 400) return { url: page.url, status: page.status, text };
    page = await open(formAction(text, page.url), browser, form);
  }
  throw new Error("The way to the linked account does not end");
}

function open(url: URL, browser: Browser, form?: URLSearchParams): Promise<Response> {
  const cookies = browser.get(url.origin) ?? new Map();
  browser.set(url.origin, cookies);
  return visit(url, cookies, form);
}

function answered(page: string, { email, password }: Person, upstreamUser: string): URLSearchParams | null {
  const form = filledIn(page);
  if (page.includes('name="upstream-user"')) form.append("upstream-user", upstreamUser);
  else if (page.includes('name="login"')) setAll(form, { login: upstreamUser, password: "any" });
  else if (page.includes('value="consent"')) return form;
  else if (page.includes('name="link"')) setAll(form, { link: "now", secret: upstreamUser });
  else if (page.includes('name="email"')) setAll(form, { email, way: "password", password });
  else if (page.includes('name="decision"')) form.append("decision", "approve");
  else return null;
  return form;
}

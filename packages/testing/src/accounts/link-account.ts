import { CONNECT_LINKS, connectLink } from "@gatehouse/oauth/client/connect-link";
import type { Endpoint, Person, TestHouse } from "../house.ts";
import { type CookieJar, visit } from "../sign-in.ts";

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

/**
 * Does the member's part over HTTP, wherever it begins: signs in at Gatehouse, presses the button that leads upstream,
 * says there who they are, and comes back. Answers with the page at which it ends.
 */
export async function linkAccount(
  start: string | URL,
  { person, as, browser = new Map() }: { person: Person; as: string; browser?: Browser },
): Promise<LastPage> {
  let page = await open(new URL(start), browser);
  for (let pages = 0; pages < 20; pages++) {
    const location = page.headers.get("location");
    if (location) {
      page = await open(new URL(location, page.url), browser);
      continue;
    }
    const text = await page.text();
    const form = filledIn(text, person, as);
    if (!form || page.status >= 400) return { url: page.url, status: page.status, text };
    const action = /<form\b[^>]*\saction="([^"]*)"/.exec(text)?.[1];
    page = await open(new URL(action ?? page.url, page.url), browser, form);
  }
  throw new Error("The way to the linked account does not end");
}

function open(url: URL, browser: Browser, form?: URLSearchParams): Promise<Response> {
  const cookies = browser.get(url.origin) ?? new Map();
  browser.set(url.origin, cookies);
  return visit(url, cookies, form);
}

function setAll(form: URLSearchParams, fields: Record<string, string>): void {
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
}

function filledIn(page: string, { email, password }: Person, upstreamUser: string): URLSearchParams | null {
  const form = new URLSearchParams();
  for (const [input] of page.matchAll(/<input\b[^>]*type="hidden"[^>]*>/g)) {
    form.append(/name="([^"]*)"/.exec(input)![1]!, /value="([^"]*)"/.exec(input)![1]!);
  }
  if (page.includes('name="upstream-user"')) form.append("upstream-user", upstreamUser);
  else if (page.includes('name="link"')) form.append("link", "now");
  else if (page.includes('name="email"')) setAll(form, { email, way: "password", password });
  else if (page.includes('name="decision"')) form.append("decision", "approve");
  else return null;
  return form;
}

import { once } from "node:events";
import { type IncomingMessage, type RequestOptions, request } from "node:http";
import { text } from "node:stream/consumers";

interface Cookie {
  name: string;
  value: string;
  path: string;
}

export interface Page {
  status: number;
  url: URL;
  headers: Headers;
  text: string;
}

/** Where the browser was sent that is not one of our own pages: the client's redirect URI, with the answer in it. */
export interface Departure {
  left: URL;
}

/** A browser as far as these pages need one: cookies with paths, redirects, forms. One person's. */
export class Browser {
  readonly #publicUrl: URL;
  readonly #connectUrl: URL;
  #cookies: Cookie[] = [];

  /** `connectUrl` is where the site is reached, as through a proxy that ends TLS. */
  constructor(publicUrl: URL, connectUrl = publicUrl) {
    this.#publicUrl = publicUrl;
    this.#connectUrl = connectUrl;
  }

  open(address: string | URL): Promise<Page & Departure> {
    return this.#send(new URL(address, this.#publicUrl));
  }

  /**
   * Sends the page's form with what is hidden or ticked in it, as a person would who fills in `fields`. A list is which of
   * the boxes of that name are ticked.
   */
  submit(
    page: Page,
    fields: Record<string, string | string[]>,
    headers: Record<string, string> = {},
  ): Promise<Page & Departure> {
    const untouched = filledIn(page.text).filter(([name]) => !(name in fields));
    const given = Object.entries(fields).flatMap(([name, value]) =>
      [value].flat().map((one): [string, string] => [name, one]),
    );
    const form = new URLSearchParams([...untouched, ...given]).toString();
    return this.#send(page.url, form, { origin: this.#publicUrl.origin, ...headers });
  }

  /** As they are sent back: `name=value`. */
  cookies(): string[] {
    return this.#cookies.map(({ name, value }) => `${name}=${value}`);
  }

  async #send(url: URL, form?: string, more: Record<string, string> = {}): Promise<Page & Departure> {
    const headers: Record<string, string> = { accept: "text/html", host: this.#publicUrl.host, ...more };
    headers.cookie = this.#cookiesFor(url);
    if (form !== undefined) headers["content-type"] = "application/x-www-form-urlencoded";
    const answer = await exchange(new URL(url.pathname + url.search, this.#connectUrl), { headers }, form);
    for (const line of answer.headers["set-cookie"] ?? []) this.#keep(line, url);
    const { location } = answer.headers;
    const next = location === undefined ? null : new URL(location, url);
    const body = await text(answer);
    if (next?.origin === this.#publicUrl.origin) return this.#send(next);
    const page = {
      status: answer.statusCode!,
      url,
      headers: new Headers(answer.headers as Record<string, string>),
      text: body,
    };
    return { ...page, left: next as URL };
  }

  #cookiesFor({ pathname }: URL): string {
    const sent = this.#cookies.filter(
      ({ path }) => pathname === path || pathname.startsWith(path.replace(/\/?$/, "/")),
    );
    return sent.map(({ name, value }) => `${name}=${value}`).join("; ");
  }

  #keep(line: string, url: URL): void {
    const [pair = "", ...attributes] = line.split(/;\s*/);
    const [name = "", value = ""] = pair.split(/=(.*)/s);
    const path = attributes.find((text) => /^path=/i.test(text))?.slice(5) ?? url.pathname;
    this.#cookies = this.#cookies.filter((cookie) => cookie.name !== name || cookie.path !== path);
    if (value) this.#cookies.push({ name, value, path });
  }
}

function filledIn(text: string): [string, string][] {
  const inputs = text.matchAll(/<input type="(?:hidden|checkbox)" name="([^"]+)" value="([^"]*)"( checked)?/g);
  return [...inputs]
    .filter(([input, , , checked]) => input.includes('type="hidden"') || checked !== undefined)
    .map(([, name, value]) => [name!, value!]);
}

async function exchange(url: URL, options: RequestOptions, form?: string): Promise<IncomingMessage> {
  const outgoing = request(url, { ...options, method: form === undefined ? "GET" : "POST" }).end(form);
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  return answer;
}

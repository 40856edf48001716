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
  readonly #origin: string;
  #cookies: Cookie[] = [];

  constructor(publicUrl: URL) {
    this.#origin = publicUrl.origin;
  }

  async open(address: string | URL): Promise<Page & Departure> {
    return this.#send(new URL(address, this.#origin), { method: "GET" });
  }

  /** Sends the page's form with what is hidden in it, as a person would who fills in `fields`. */
  submit(page: Page, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Page & Departure> {
    const body = new URLSearchParams({ ...hiddenFields(page.text), ...fields });
    return this.#send(page.url, { method: "POST", body, headers: { origin: this.#origin, ...headers } });
  }

  cookieValues(): string[] {
    return this.#cookies.map(({ value }) => value);
  }

  async #send(url: URL, init: RequestInit): Promise<Page & Departure> {
    const cookie = this.#cookies
      .filter(({ path }) => url.pathname === path || url.pathname.startsWith(path.replace(/\/?$/, "/")))
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
    const headers = { accept: "text/html", cookie, ...(init.headers as Record<string, string>) };
    const answer = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) this.#keep(line, url);
    const location = answer.headers.get("location");
    const next = location === null ? null : new URL(location, url);
    if (next?.origin === this.#origin) return this.#send(next, { method: "GET" });
    const page = { status: answer.status, url, headers: answer.headers, text: await answer.text() };
    return { ...page, left: next as URL };
  }

  #keep(line: string, url: URL): void {
    const [pair = "", ...attributes] = line.split(/;\s*/);
    const [name = "", value = ""] = pair.split(/=(.*)/s);
    const path = attributes.find((text) => /^path=/i.test(text))?.slice(5) ?? url.pathname;
    this.#cookies = this.#cookies.filter((cookie) => cookie.name !== name || cookie.path !== path);
    if (value) this.#cookies.push({ name, value, path });
  }
}

function hiddenFields(text: string): Record<string, string> {
  const inputs = text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g);
  return Object.fromEntries([...inputs].map(([, name, value]) => [name, value]));
}

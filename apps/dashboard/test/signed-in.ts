import type { Person, TestHouse } from "@gatehouse/testing/house";

/** A browser as far as HTTP shows it: it keeps cookies, and goes where it is sent. */
export class CookieJar {
  readonly cookies = new Map<string, string>();

  async fetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { ...init, redirect: "manual", headers: { ...init.headers, cookie } });
    for (const line of answer.headers.getSetCookie()) this.#keep(line);
    return answer;
  }

  #keep(line: string): void {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
    if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) this.cookies.delete(name!);
    else this.cookies.set(name!, value!);
  }
}

/** Goes along redirects until a page comes. */
export async function follow(jar: CookieJar, start: string | URL): Promise<{ url: URL; answer: Response }> {
  let url = new URL(start);
  for (let hops = 0; hops < 10; hops++) {
    const answer = await jar.fetch(url);
    const location = answer.headers.get("location");
    if (!location) return { url, answer };
    await answer.body?.cancel();
    url = new URL(location, url);
  }
  throw new Error(`redirected without end, lastly to ${url}`);
}

/** Fills in the form that the authorization server shows; answers where its answer leads. */
export async function submitSignIn(jar: CookieJar, form: URL, page: string, person: Person): Promise<string> {
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)![1]!;
  const body = new URLSearchParams({ csrf, email: person.email, password: person.password });
  const answer = await jar.fetch(form, { method: "POST", body, headers: { origin: form.origin } });
  return new URL(answer.headers.get("location")!, form).href;
}

export type Send = Awaited<ReturnType<typeof signIn>>;

/** Signs in as a person does, and sends what the dashboard's own pages send, but for what a test wants otherwise. */
export async function signIn(house: TestHouse, person: Person) {
  const jar = new CookieJar();
  const { url, answer } = await follow(jar, `${house.url}/dashboard/login`);
  await follow(jar, await submitSignIn(jar, url, await answer.text(), person));
  const session = await jar.fetch(`${house.url}/api/session`);
  const { csrfToken } = (await session.json()) as { csrfToken: string };

  return async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const own = { origin: house.url, "content-type": "application/json", "x-csrf-token": csrfToken };
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const answer = await jar.fetch(house.url + path, {
      method,
      headers: { ...own, ...headers },
      ...(body === undefined ? {} : { body: text }),
    });
    return readAnswer(answer);
  };
}

async function readAnswer(answer: Response) {
  const text = await answer.text();
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever came
  const json: any = answer.headers.get("content-type")?.includes("json") ? JSON.parse(text) : undefined;
  return { status: answer.status, headers: answer.headers, text, json };
}

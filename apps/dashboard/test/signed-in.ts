import type { Person, TestHouse } from "@gatehouse/testing/house";
import { type CookieJar, visit } from "@gatehouse/testing/sign-in";
import { expectAsDescribed } from "./described.ts";

/** Goes along redirects until a page comes. */
export async function follow(start: string | URL, cookies: CookieJar): Promise<{ url: URL; page: string }> {
  let url = new URL(start);
  for (let hops = 0; hops < 10; hops++) {
    const answer = await visit(url, cookies);
    const page = await answer.text();
    const location = answer.headers.get("location");
    if (!location) return { url, page };
    url = new URL(location, url);
  }
  throw new Error(`redirected without end, lastly to ${url}`);
}

/** Fills in the form that the authorization server shows; answers where its answer leads. */
export async function submitSignIn(
  { url, page }: { url: URL; page: string },
  cookies: CookieJar,
  { email, password }: Person,
): Promise<URL> {
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)![1]!;
  const answer = await visit(url, cookies, new URLSearchParams({ csrf, email, way: "password", password }));
  return new URL(answer.headers.get("location")!, url);
}

export type Send = Awaited<ReturnType<typeof signIn>>;

/** Signs in as a person does, and sends what the dashboard's own pages send, but for what a test wants otherwise.
 * Each answer is held against the API's document. */
export async function signIn(house: TestHouse, person: Person) {
  const cookies: CookieJar = new Map();
  const form = await follow(`${house.url}/dashboard/login`, cookies);
  await follow(await submitSignIn(form, cookies, person), cookies);
  const session = await visit(new URL("/api/session", house.url), cookies);
  const { csrfToken } = (await session.json()) as { csrfToken: string };
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const own = { cookie, origin: house.url, "content-type": "application/json", "x-csrf-token": csrfToken };

  async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const answer = await fetch(house.url + path, {
      method,
      headers: { ...own, ...headers },
      ...(body === undefined ? {} : { body: text }),
    });
    const read = await readAnswer(answer);
    await expectAsDescribed(house.url, method, path, read);
    return read;
  }
  return Object.assign(send, { headers: own });
}

async function readAnswer(answer: Response) {
  const text = await answer.text();
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever came
  const json: any = /[/+]json$/.test(answer.headers.get("content-type")?.split(";")[0] ?? "")
    ? JSON.parse(text)
    : undefined;
  return { status: answer.status, headers: answer.headers, text, json };
}

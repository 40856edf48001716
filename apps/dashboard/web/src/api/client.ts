import { hc, type InferResponseType } from "hono/client";
import type { Api } from "../../../server/dashboard.ts";
import { untilSignedIn } from "./ended-session.ts";
import { ApiProblem, problemOf } from "./problem.ts";

/** None until the session has been read. */
let csrfToken = "";

/** The only place that talks to the API. Answers are always the success that the types promise; refusals are thrown. */
export const client = hc<Api>("/api", { fetch: send });

export async function send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  let response = await ask(input, init);
  if (response.status === 401) {
    if (!csrfToken) return signIn();
    await untilSignedIn();
    response = await ask(input, init);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

function ask(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const headers = new Headers(init?.headers);
  headers.set("x-csrf-token", csrfToken);
  return fetch(input, { ...init, headers }).catch(() => {
    throw new ApiProblem({ status: 0, detail: "Gatehouse cannot be reached. Are you online?" });
  });
}

/** Leaves the page, to come back to it; nothing here goes on meanwhile. */
function signIn(): Promise<never> {
  const here = location.pathname + location.search;
  location.assign(signInAddress(here));
  return new Promise(() => {});
}

export const signInAddress = (next: string) => `/dashboard/login?return=${encodeURIComponent(next)}`;

/** `null` where nobody is signed in. */
export async function findSession(): Promise<Session | null> {
  const response = await ask("/api/session");
  return response.ok ? took(await response.json()) : null;
}

function took(session: Session): Session {
  csrfToken = session.csrfToken;
  return session;
}

export async function readSession(): Promise<Session> {
  return took(await (await client.session.$get()).json());
}

/** Tells where to go on, for the authorization server has a session too. */
export async function signOut(): Promise<string> {
  return (await (await client.session.logout.$post()).json()).signOutUrl;
}

export type Session = InferResponseType<typeof client.session.$get>;

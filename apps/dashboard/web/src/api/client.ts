import { hc, type InferResponseType } from "hono/client";
import type { Api } from "../../../server/dashboard.ts";
import { ApiProblem, problemOf } from "./problem.ts";

let csrfToken = "";

/** The only place that talks to the API. Answers are always the success that the types promise; refusals are thrown. */
export const client = hc<Api>("/api", { fetch: send, headers });

export function headers() {
  return { "x-csrf-token": csrfToken };
}

export async function send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init).catch(() => {
    throw new ApiProblem({ status: 0, detail: "Gatehouse cannot be reached. Are you online?" });
  });
  if (response.status === 401) return signIn();
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** Leaves the page, to come back to it; nothing here goes on meanwhile. */
function signIn(): Promise<never> {
  const here = location.pathname + location.search;
  location.assign(`/dashboard/login?return=${encodeURIComponent(here)}`);
  return new Promise(() => {});
}

export async function readSession() {
  const session = await (await client.session.$get()).json();
  csrfToken = session.csrfToken;
  return session;
}

/** Tells where to go on, for the authorization server has a session too. */
export async function signOut(): Promise<string> {
  return (await (await client.session.logout.$post()).json()).signOutUrl;
}

export type Session = InferResponseType<typeof client.session.$get>;

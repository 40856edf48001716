import { createHash, randomBytes, randomUUID } from "node:crypto";
import { type AuditRow, listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import type { Org } from "@gatehouse/store/orgs";
import { type Person, startHouse, type TestHouseOptions } from "@gatehouse/testing/house";
import { Browser, type Page } from "./browser.ts";

// The authorization server alone, over HTTP, as clients and the people in front of browsers meet it.

export const REDIRECT_URI = "http://127.0.0.1:33418/callback";

export interface Member extends Person {
  browser: Browser;
}

export type AuthAlone = Awaited<ReturnType<typeof startAuthAlone>>;

export async function startAuthAlone(options: TestHouseOptions = {}) {
  const house = await startHouse({ apps: ["auth"], ...options });
  const { publicUrl, ownerDb } = house;

  return {
    ...house,

    addOrg: (slug: string) => house.addOrg({ slug, name: `${slug} Inc.` }),

    async addMember(org: Org, name: string): Promise<Member> {
      const person = await house.addMember(org, { email: `${name}@${org.slug}.example`, name });
      return { ...person, browser: new Browser(publicUrl) };
    },

    /** Answers the endpoint's URL. */
    async addConnector(org: Org, slug: string): Promise<string> {
      return (await house.addConnector(org, { slug, url: "https://mcp.example.com/mcp" })).url;
    },

    /** Oldest first. */
    async audit(org: Org): Promise<AuditRow[]> {
      return (await withOrg(ownerDb, org.id, (scope) => listAudit(scope, { limit: 100 }))).reverse();
    },

    /** What was logged as an error. */
    errors: () => house.log.filter((line) => line.includes('"level":"error"')),

    async get(path: string, headers: Record<string, string> = {}) {
      return readAnswer(await fetch(new URL(path, publicUrl), { headers, redirect: "manual" }));
    },

    async post(path: string, form: Record<string, string>, headers: Record<string, string> = {}) {
      const answer = await fetch(new URL(path, publicUrl), {
        method: "POST",
        body: new URLSearchParams(form),
        headers,
      });
      return readAnswer(answer);
    },

    async register(metadata: Record<string, unknown> = {}) {
      const body = JSON.stringify({ client_name: "A test client", redirect_uris: [REDIRECT_URI], ...metadata });
      const headers = { "content-type": "application/json" };
      return readAnswer(await fetch(new URL("/oauth/register", publicUrl), { method: "POST", body, headers }));
    },
  };
}

async function readAnswer(answer: Response) {
  const text = await answer.text();
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever came
  const json: any = answer.headers.get("content-type")?.includes("json") ? JSON.parse(text) : undefined;
  return { status: answer.status, headers: answer.headers, text, json };
}

/** One client's request for a code, and what it has to keep until the answer. */
export class AuthorizationRequest {
  readonly verifier = randomBytes(32).toString("base64url");
  readonly state = randomUUID();
  readonly url: URL;

  /** Parameters that are `undefined` are left out. */
  constructor({ publicUrl }: { publicUrl: URL }, parameters: Record<string, string | undefined>) {
    this.url = new URL("/oauth/authorize", publicUrl);
    const all: Record<string, string | undefined> = {
      response_type: "code",
      redirect_uri: REDIRECT_URI,
      state: this.state,
      code_challenge: createHash("sha256").update(this.verifier).digest("base64url"),
      code_challenge_method: "S256",
      ...parameters,
    };
    for (const [name, value] of Object.entries(all)) if (value !== undefined) this.url.searchParams.set(name, value);
  }
}

export function signIn({ browser, email, password }: Member, page: Page) {
  return browser.submit(page, { email, way: "password", password });
}

/** Sign-in where the browser has to, then consent: a code. */
export async function authorize(
  house: AuthAlone,
  member: Member,
  parameters: Record<string, string | undefined>,
): Promise<{ code: string; request: AuthorizationRequest; answer: URL }> {
  const request = new AuthorizationRequest(house, parameters);
  let page = await member.browser.open(request.url);
  if (page.text?.includes('name="email"')) page = await signIn(member, page);
  if (page.text?.includes('name="decision"')) page = await member.browser.submit(page, { decision: "approve" });
  return { code: page.left?.searchParams.get("code") ?? "", request, answer: page.left };
}

/** The whole flow for a client that has just registered. */
export async function connect(house: AuthAlone, member: Member, resource: string, metadata = {}) {
  const { json: client } = await house.register(metadata);
  const { code, request } = await authorize(house, member, { client_id: client.client_id, resource });
  const answer = await redeem(house, { clientId: client.client_id, code, request, resource });
  return { clientId: client.client_id as string, code, request, tokens: answer.json };
}

export function redeem(
  house: AuthAlone,
  {
    clientId,
    code,
    request,
    resource,
    ...rest
  }: { clientId: string; code: string; request: AuthorizationRequest; resource?: string; [parameter: string]: unknown },
) {
  return house.post("/oauth/token", {
    grant_type: "authorization_code",
    client_id: clientId,
    code,
    code_verifier: request.verifier,
    redirect_uri: REDIRECT_URI,
    ...(resource ? { resource } : {}),
    ...(rest as Record<string, string>),
  });
}

export function refresh(house: AuthAlone, clientId: string, refreshToken: string, more: Record<string, string> = {}) {
  const form = { grant_type: "refresh_token", client_id: clientId, refresh_token: refreshToken, ...more };
  return house.post("/oauth/token", form);
}

import { openAccessTokenVerifier } from "@gatehouse/oauth/access-token";
import { signIn } from "@gatehouse/testing/sign-in";
import { type Tokens, tokenFor } from "@gatehouse/testing/token-for";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { type Child, startChild } from "./child.ts";

// What the authorization server does in a second, by whole exchanges over HTTP, and what it takes to verify an access token.

const ROUNDS = 5;
const SECONDS = 3;
const TOKENS = 2000;

interface House {
  endpoint: string;
  person: { id: string; email: string; password: string };
}

interface Figures {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuMs: number;
}

/** Each of several callers does it again as soon as it is done. */
interface Load {
  name: string;
  callers: (() => Promise<unknown>)[];
}

export async function measureAuthorization(): Promise<void> {
  await using house = await startChild<House>("auth.ts");
  const loads = [await refreshes(house.ready, 1), await refreshes(house.ready, 16), signIns(house.ready, 4)];
  console.log(`\nAuthorization, ${ROUNDS} interleaved rounds of ${SECONDS} s; medians`);
  console.log("| | a second | p50 ms | p99 ms | CPU ms each |\n|---|---|---|---|---|");
  const taken = new Map<Load, Figures[]>(loads.map((load) => [load, []]));
  for (const load of loads) await run(house, load);
  for (let round = 0; round < ROUNDS; round++) for (const load of loads) taken.get(load)!.push(await run(house, load));
  for (const [{ name }, figures] of taken) console.log(rowOf(name, figures));
  await measureVerifier();
}

async function refreshes({ endpoint, person }: House, count: number): Promise<Load> {
  const families: Tokens[] = [];
  while (families.length < count) families.push(await tokenFor(person, endpoint));
  const tokenEndpoint = new URL("/oauth/token", endpoint);
  const name = `token refreshes, ${count === 1 ? "one client" : `${count} clients`}`;
  return { name, callers: families.map((tokens) => () => refresh(tokenEndpoint, tokens)) };
}

/** Puts the new ones in the place of the old. */
export async function refresh(tokenEndpoint: URL, tokens: Tokens): Promise<void> {
  const form = { grant_type: "refresh_token", client_id: tokens.clientId, refresh_token: tokens.refreshToken };
  const answer = await fetch(tokenEndpoint, { method: "POST", body: new URLSearchParams(form) });
  if (!answer.ok) throw new Error(`A refresh was refused: ${await answer.text()}`);
  const renewed = (await answer.json()) as { access_token: string; refresh_token: string };
  Object.assign(tokens, { accessToken: renewed.access_token, refreshToken: renewed.refresh_token });
}

/** From the dashboard's request to the code: five requests, and one password. */
function signIns({ endpoint, person }: House, count: number): Load {
  const request = new URL("/oauth/authorize", endpoint);
  const callback = new URL("/dashboard/callback", endpoint);
  request.search = String(
    new URLSearchParams({
      ...{ client_id: "dashboard", response_type: "code", redirect_uri: callback.href, scope: "openid" },
      ...{ code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256" },
    }),
  );
  const isEnd = ({ pathname }: URL) => pathname === callback.pathname;
  const once = () => signIn(request, person, { isEnd });
  return { name: `password sign-ins, ${count} people at once`, callers: Array.from({ length: count }, () => once) };
}

async function run(house: Child<House>, { callers }: Load): Promise<Figures> {
  const before = await house.cpuUs();
  const times: number[] = [];
  const startedAt = performance.now();
  const until = startedAt + SECONDS * 1000;
  await Promise.all(
    callers.map(async (call) => {
      for (let now = performance.now(); now < until; now = performance.now()) {
        await call();
        times.push(performance.now() - now);
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const after = await house.cpuUs();
  times.sort((a, b) => a - b);
  return {
    perSecond: times.length / seconds,
    p50Ms: times[Math.floor(times.length * 0.5)]!,
    p99Ms: times[Math.floor(times.length * 0.99)]!,
    cpuMs: (after - before) / 1000 / times.length,
  };
}

function rowOf(name: string, figures: Figures[]): string {
  const median = (member: keyof Figures) =>
    figures.map((one) => one[member]).toSorted((a, b) => a - b)[figures.length >> 1]!;
  const cells = [
    median("perSecond").toFixed(0),
    ...(["p50Ms", "p99Ms", "cpuMs"] as const).map((m) => median(m).toFixed(1)),
  ];
  return `| ${[name, ...cells].join(" | ")} |`;
}

/** In this process: the gateway does nothing else with a token before it knows whose it is. */
async function measureVerifier(): Promise<void> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const publicJwk = { ...(await exportJWK(publicKey)), kid: "bench", alg: "ES256" };
  const issuer = "https://gatehouse.example";
  const { verify } = openAccessTokenVerifier({ issuer, listPublicKeys: async () => [publicJwk] });
  const tokens: string[] = [];
  for (let jti = 0; jti < TOKENS; jti++) {
    const claims = { client_id: "bench", scope: "mcp:read mcp:write", org: "o", endpoint: "e", grant: "g" };
    const jwt = new SignJWT(claims).setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "bench" });
    jwt.setIssuer(issuer).setSubject("alice").setAudience(`${issuer}/acme/tools/mcp`).setJti(String(jti));
    tokens.push(await jwt.setIssuedAt().setExpirationTime("1h").sign(privateKey));
  }
  const usEach = async () => {
    const startedAt = performance.now();
    for (const token of tokens) {
      const verified = verify(token);
      if (verified instanceof Promise) await verified;
    }
    return ((performance.now() - startedAt) / tokens.length) * 1000;
  };
  const miss = await usEach();
  await usEach();
  const hit = await usEach();
  console.log(
    `\nAn access token that was not seen before takes ${miss.toFixed(0)} µs; one that was, ${hit.toFixed(1)} µs.`,
  );
}

import { callTool, initialize, legacyCall, modern, post } from "../apps/gateway/test/client.ts";
import type { House } from "./open-streams.ts";
import type { ToldTo } from "./streams-upstream.ts";

// What clients do with the tools and streams of `streams-upstream.ts`. All of it throws where it is not answered as it should be.

type Tool = "look" | "change";
type Session = Awaited<ReturnType<typeof initialize>>;

const LEGACY_VERSION = "2025-11-25";

export async function call({ url, token }: House, tool: Tool, told: ToldTo = {}): Promise<void> {
  expectResult(await post(url, callTool(tool, told), bearer(token)));
}

export async function beginSession({ url, token }: House, capabilities = {}): Promise<Session> {
  const session = await initialize(url, token, LEGACY_VERSION, capabilities);
  if (!session["mcp-session-id"]) throw new Error("There is no session");
  return session;
}

export async function callInSession({ url }: House, session: Session, tool: Tool, told: ToldTo = {}): Promise<void> {
  expectResult(await post(url, legacyCall(tool, 1, told), session));
}

/** A call for whose answer a person is asked who is not there. */
export async function callThatAsks({ url }: House, session: Session): Promise<void> {
  const { text } = await post(url, legacyCall("change", 1, { ask: true }), session);
  if (!/interrupted.*outcome is unknown/.test(text)) throw new Error(`It is not said to be interrupted: ${text}`);
}

export async function endSession({ url }: House, session: Session): Promise<void> {
  const { status } = await fetch(url, { method: "DELETE", headers: session });
  if (status >= 300) throw new Error(`The session's end is answered ${status}`);
}

/** A modern client's; `endMs` later the client ends it, if it has not ended before. */
export async function listen({ url, token }: House, endMs?: number): Promise<void> {
  const { message, headers } = modern("subscriptions/listen", { notifications: { toolsListChanged: true } });
  const accept = { accept: "application/json, text/event-stream", "content-type": "application/json" };
  const asked = { method: "POST", headers: { ...headers, ...accept, ...bearer(token) }, body: JSON.stringify(message) };
  await readOn(await fetch(url, asked), endMs);
}

/** A legacy client's, in its session. */
export async function listenInSession({ url }: House, session: Session, endMs?: number): Promise<void> {
  await readOn(await fetch(url, { headers: { ...session, accept: "text/event-stream" } }), endMs);
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Throws where the stream breaks off. */
async function readOn(response: Response, endMs?: number): Promise<void> {
  if (response.status !== 200) throw new Error(`A stream is answered ${response.status} ${await response.text()}`);
  const reader = response.body!.getReader();
  const timer = endMs === undefined ? undefined : setTimeout(() => reader.cancel().catch(() => {}), endMs);
  while (!(await reader.read()).done);
  clearTimeout(timer);
}

function expectResult({ status, text }: { status: number; text: string }): void {
  if (status !== 200 || !text.includes('"result"')) throw new Error(`${status} ${text}`);
}

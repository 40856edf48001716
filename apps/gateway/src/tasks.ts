import { hash } from "node:crypto";
import { META, TASKS_EXTENSION } from "@gatehouse/mcp/eras";
import { isRequest, type Response } from "@gatehouse/mcp/message";
import type { Receiver } from "./backs/streamable-http.ts";
import type { Dependencies } from "./dependencies.ts";
import type { Exchange } from "./exchange.ts";
import { mayUse } from "./may-use.ts";
import type { ToolPolicy } from "./snapshots.ts";

// A task belongs to the member whose call began it, and is as much theirs to use as its tool is. Upstreams know no members
// where they keep no sessions, or are all opened by the org's credential; hence the gateway remembers whose a task is.

const DAY_SECONDS = 86_400;
/** However short its time to live is said to be, or however long. */
const KEPT_SECONDS = { min: 3600, max: 7 * DAY_SECONDS };

type Used = Pick<Dependencies, "state">;

/**
 * The tool whose call began the member's task. `null` for another member's task, for one that never was, and where the member
 * may not use the tool any more.
 */
export async function findTaskTool(exchange: Exchange, taskId: unknown, { state }: Used): Promise<ToolPolicy | null> {
  const { org, token, connector } = exchange;
  const name = await state.get(keyOf(exchange, taskId));
  const tool = name === null ? undefined : connector.upstreamTools.get(name);
  return tool?.offered && mayUse(org, token, tool.openTo) ? tool : null;
}

function keyOf({ token }: Exchange, taskId: unknown): string {
  return `task:${token.orgId}:${token.endpointId}:${token.subject}:${hash("sha256", String(taskId))}`;
}

/** Servers begin a task where the call asks for one (2025-11-25), or its client knows what that is (the extension). */
export function mayConcernTasks({ message }: Exchange): boolean {
  if (!isRequest(message)) return false;
  const { method, params } = message;
  if (method !== "tools/call") return method === "tasks/list";
  const capabilities = params?._meta?.[META.clientCapabilities] as { extensions?: object } | undefined;
  return params?.task !== undefined || TASKS_EXTENSION in (capabilities?.extensions ?? {});
}

/** Remembers whose the task is that an answer tells of, and leaves others' out of a list. */
export function withTasks(exchange: Exchange, front: Receiver, deps: Used): Receiver {
  return {
    ...front,
    endLong: undefined,
    async end(answer, text, upstream) {
      const changed = await keepOwn(exchange, answer, deps);
      await front.end(answer, changed ? JSON.stringify(answer) : text, upstream);
    },
  };
}

/** `true` where the answer was changed. */
async function keepOwn(exchange: Exchange, { result }: Response, deps: Used): Promise<boolean> {
  const begun = result && taskIn(result);
  if (begun && exchange.tool) await remember(exchange, begun, exchange.tool.name, deps);
  if (!result || exchange.tool || !Array.isArray(result.tasks)) return false;
  const { tasks } = result;
  const tools = await Promise.all(tasks.map((task) => findTaskTool(exchange, task?.taskId, deps)));
  result.tasks = tasks.filter((_, index) => tools[index] !== null);
  return true;
}

interface Task {
  taskId: string;
  /** Milliseconds; `null` for as long as the server likes. */
  ttl: unknown;
}

function taskIn(result: Record<string, unknown>): Task | null {
  const legacy = result.task as Partial<Task> | undefined;
  if (typeof legacy?.taskId === "string") return { taskId: legacy.taskId, ttl: legacy.ttl };
  if (result.resultType !== "task" || typeof result.taskId !== "string") return null;
  return { taskId: result.taskId, ttl: result.ttlMs };
}

function remember(exchange: Exchange, { taskId, ttl }: Task, tool: string, { state }: Used): Promise<void> {
  const { min, max } = KEPT_SECONDS;
  const seconds = typeof ttl === "number" ? Math.ceil(ttl / 1000) : max;
  return state.set(keyOf(exchange, taskId), tool, Math.min(Math.max(seconds, min), max));
}

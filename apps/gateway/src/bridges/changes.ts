import type { Notification } from "@gatehouse/mcp/message";

/** What a client can subscribe to (2026-07-28, Subscriptions, Notification Filter). */
export interface Filter {
  toolsListChanged?: boolean;
  promptsListChanged?: boolean;
  resourcesListChanged?: boolean;
  resourceSubscriptions?: string[];
}

/** Of a server, in either era. */
export type Capabilities = Partial<Record<string, Record<string, unknown>>>;

export const ALL_LISTS: Filter = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };

const LISTS = {
  "notifications/tools/list_changed": ["tools", "toolsListChanged"],
  "notifications/prompts/list_changed": ["prompts", "promptsListChanged"],
  "notifications/resources/list_changed": ["resources", "resourcesListChanged"],
} as const;
const UPDATED = "notifications/resources/updated";
const NAMES = new Set([...Object.values(LISTS).map(([, name]) => name as string), "resourceSubscriptions"]);
/** A client that subscribes to more is granted these. */
const RESOURCES_MAX = 1000;

/** `false` for a filter that names what only an extension knows of. */
export function isOfChanges(notifications: unknown): notifications is Filter {
  return typeof notifications === "object" && Object.keys(notifications ?? {}).every((name) => NAMES.has(name));
}

export function isChange({ method }: { method: string }): boolean {
  return method === UPDATED || method in LISTS;
}

export function updated(uri: string): Notification {
  return { jsonrpc: "2.0", method: UPDATED, params: { uri } };
}

export function isWanted({ method, params }: Notification, filter: Filter): boolean {
  if (method === UPDATED) return filter.resourceSubscriptions?.includes(String(params?.uri)) ?? false;
  const list = LISTS[method as keyof typeof LISTS];
  return list !== undefined && filter[list[1]] === true;
}

const listChanged = true;
const EVERYTHING: Capabilities = {
  tools: { listChanged },
  prompts: { listChanged },
  resources: { listChanged, subscribe: true },
};

/** As much of what was asked for as a server has. */
export function grant(asked: Filter, capabilities = EVERYTHING): Filter {
  const granted: Filter = {};
  for (const [capability, name] of Object.values(LISTS)) {
    if (asked[name] === true && capabilities[capability]?.listChanged) granted[name] = true;
  }
  if (Array.isArray(asked.resourceSubscriptions) && capabilities.resources?.subscribe) {
    granted.resourceSubscriptions = asked.resourceSubscriptions.slice(0, RESOURCES_MAX).map(String);
  }
  return granted;
}

/** What is told where nobody can say what has changed. */
export function everything(filter: Filter): Notification[] {
  const lists = Object.entries(LISTS).filter(([, [, name]]) => filter[name]);
  const resources = filter.resourceSubscriptions ?? [];
  return [...lists.map(([method]) => ({ jsonrpc: "2.0" as const, method })), ...resources.map(updated)];
}

import { hash } from "node:crypto";
import { isRequest } from "@gatehouse/mcp/message";
import { newAuditId } from "@gatehouse/store/audit";
import type { DataKey } from "@gatehouse/vault/vault";
import type { Dependencies } from "./dependencies.ts";
import type { Exchange } from "./exchange.ts";

/** What the audit log says of a call's arguments. */
export interface KeptArguments {
  /**
   * SHA-256 of their JSON and of a secret, in base64url: the same for what is the same, and nothing to guess from. Made when
   * the row is written: those of a group one after the other cost much less than one in each call.
   */
  sha256?: { toJSON(): string };
  /** Their names, with the kind of each value in its place. */
  redacted?: unknown;
  /** All of them, sealed for the row. */
  sealed?: string;
}

const SEALED_LENGTH_MAX = 64 * 1024;
const MEMBERS_MAX = 50;
const DEPTH_MAX = 5;

/** Answers what keeps the arguments of an exchange as its org wants; a promise where the org's data key is not in memory. */
export function argumentKeeper({ vault }: Pick<Dependencies, "vault">): (exchange: Exchange) => void | Promise<void> {
  const secret = vault.derive("audit arguments");

  return function keepArguments(exchange) {
    const { org, message } = exchange;
    const given = isRequest(message) ? message.params?.arguments : undefined;
    if (given === undefined) return;
    if (org.keptArguments === "redacted") {
      exchange.arguments = { redacted: redact(given) };
      return;
    }
    const text = JSON.stringify(given);
    exchange.arguments = { sha256: { toJSON: () => hash("sha256", `${secret}\n${org.id}\n${text}`, "base64url") } };
    if (org.keptArguments === "hashed" || text.length > SEALED_LENGTH_MAX) return;
    const key = vault.dataKey(org.id);
    if (key instanceof Promise) return key.then((opened) => seal(exchange, opened, text));
    seal(exchange, key, text);
  };
}

/** For the row that is to have them: a write's intent, or the only one of a read. */
function seal(exchange: Exchange, key: DataKey, text: string): void {
  if (exchange.intentId === null) exchange.outcomeId ??= newAuditId();
  const id = exchange.intentId ?? exchange.outcomeId;
  exchange.arguments!.sealed = key.seal({ org: exchange.org.id, row: `audit/${id}` }, text).toString("base64");
}

function redact(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return `array(${value.length})`;
  if (typeof value === "string") return `string(${value.length})`;
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  if (depth === DEPTH_MAX) return "object";
  const members = Object.entries(value).slice(0, MEMBERS_MAX);
  return Object.fromEntries(members.map(([name, member]) => [name, redact(member, depth + 1)]));
}

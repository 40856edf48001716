import { isUtf8 } from "node:buffer";
import { Fault } from "@gatehouse/faults";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What a message may nest; the specifications' own schemas stay far below. */
const DEPTH_MAX = 64;

/**
 * Parses JSON that a stranger sent. Refuses what two parsers could read differently, or what is made to harm: bytes that
 * are not UTF-8, nesting deeper than 64, a member named twice in one object, a member named `__proto__`.
 * Throws `parse_error` or `invalid_request`.
 */
export function parseUntrustedJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new Fault("parse_error", "The body is not UTF-8, as JSON must be (RFC 8259 §8.1)");
  const members = countMembers(bytes);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw new Fault("parse_error", "The body is not valid JSON", { cause });
  }
  if (countKeys(value) !== members) {
    throw new Fault("invalid_request", "The body names a member twice in one object; send each once");
  }
  return value;
}

/** Members as they stand in the text: colons outside of strings. Nesting is checked on the way. */
function countMembers(bytes: Buffer): number {
  let depth = 0;
  let members = 0;
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case QUOTE:
        at = endOfString(bytes, at);
        break;
      case COLON:
        members++;
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        if (++depth > DEPTH_MAX) throw new Fault("invalid_request", `The body nests deeper than ${DEPTH_MAX} levels`);
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth--;
        break;
    }
  }
  return members;
}

function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

/** Members as they came out: fewer than in the text where one was named twice. */
function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) {
    for (const item of value) keys += countKeys(item);
    return keys;
  }
  for (const key in value) {
    if (key === "__proto__") throw new Fault("invalid_request", "A member may not be named __proto__");
    keys += 1 + countKeys((value as Record<string, unknown>)[key]);
  }
  return keys;
}

// What an exchange with somebody else's server may take. Calls have their own deadlines for silence; everything else has
// one for all of it, from the look-up of the name to the last byte.

export interface Limits {
  /** Of the answer. */
  bytesMax: number;
  timeoutMs: number;
}

/** TLS included; part of whatever else the exchange may take. */
export const CONNECT_TIMEOUT_MS = 5000;
/** Of what is sent at once. */
export const REQUEST_BYTES_MAX = 16 * 1024 * 1024;

/** Authorization servers: discovery, registration, tokens, their exchange and revocation. */
export const AUTHORIZATION: Limits = { bytesMax: 256 * 1024, timeoutMs: 10_000 };
/** A refresh token that rotates serves once: its answer is waited for longer. */
export const RENEWAL: Limits = { ...AUTHORIZATION, timeoutMs: 15_000 };
export const CLIENT_DOCUMENT: Limits = { bytesMax: 10 * 1024, timeoutMs: 3000 };
export const API_DESCRIPTION: Limits = { bytesMax: 16 * 1024 * 1024, timeoutMs: 30_000 };
/** All messages to a server that is looked at, together. */
export const LOOK: Limits = { bytesMax: 4 * 1024 * 1024, timeoutMs: 10_000 };
/** A session's beginning and end, and replies to what it asks. */
export const SESSION: Limits = { bytesMax: 1024 * 1024, timeoutMs: 20_000 };
/** A batch of the audit log, to whoever is told of it. */
export const DELIVERY: Limits = { bytesMax: 64 * 1024, timeoutMs: 15_000 };
/** What says that a message was taken, or that there is somebody at all. */
export const SIGN_OF_LIFE: Limits = { bytesMax: 64 * 1024, timeoutMs: 5000 };

export const CALL = {
  /** Until the first byte, and between two of them. */
  silenceMs: 300_000,
  /** A whole answer may take so many times that. */
  silencesMax: 12,
  answerBytesMax: 16 * 1024 * 1024,
  /** Of all events of one answer. */
  streamBytesMax: 256 * 1024 * 1024,
  /** An API's answer is cut here. */
  apiAnswerBytesMax: 4 * 1024 * 1024,
} as const;

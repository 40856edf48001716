import { Fault } from "@gatehouse/faults";

/**
 * What stands between calls and one upstream: a breaker, a bulkhead and a budget of retries. While all is well it costs a
 * comparison and two additions, and nobody waits for it.
 */
export interface Guard {
  /** Throws `upstream_failed` where the request must not be sent. Each that may is told of once, by one of those below. */
  enter(): void;
  /** It has answered, whatever it said. */
  answered(): void;
  failed(reason: string): void;
  /** Nobody waits for the answer any longer, so that it says nothing of the upstream. */
  givenUp(): void;
  /** Whether one more may be sent in place of one that failed: a tenth of all requests at most. */
  mayRetry(): boolean;
  readonly state: GuardState;
}

export interface GuardState {
  active: number;
  /** 1 while requests are kept away, 0.5 while one of them is tried. */
  open: number;
  isUp: boolean;
  /** Of the last failure; `null` where it has answered since. */
  reason: string | null;
}

export interface GuardOptions {
  /** As people know it. */
  name: string;
  /** Failures in a row after which the upstream is left alone. */
  failuresMax?: number;
  activeMax?: number;
  onRefusal?: (reason: "open" | "full") => void;
  /** The upstream answers no longer, or again. */
  onChange?: (state: GuardState) => void;
  now?: () => number;
}

const FAILURES_MAX = 8;
/** Fewer than the connections there are, so that none waits for one. */
const ACTIVE_MAX = 256;
/** How long it is left alone: longer each time that it fails when it is tried again. */
const REST_MS = { min: 2000, max: 30_000 };
const RETRY_SHARE = 0.1;
const RETRIES_SAVED_MAX = 10;

export function openGuard({
  name,
  failuresMax = FAILURES_MAX,
  activeMax = ACTIVE_MAX,
  onRefusal = () => {},
  onChange = () => {},
  now = () => performance.now(),
}: GuardOptions): Guard {
  const state: GuardState = { active: 0, open: 0, isUp: true, reason: null };
  let failures = 0;
  let rests = 0;
  let restsUntil = 0;
  let retries = RETRIES_SAVED_MAX;

  function refuse(reason: "open" | "full", text: string, waitMs: number): never {
    onRefusal(reason);
    const headers = { "retry-after": String(Math.max(1, Math.ceil(waitMs / 1000))) };
    throw new Fault("upstream_failed", `${name} ${text}. Nothing was sent.`, { headers });
  }

  /** After its rest, one request is tried; the others wait for what becomes of it. */
  function enterOpen(): void {
    const wait = restsUntil - now();
    if (state.open === 0.5 || wait > 0) {
      refuse("open", `does not answer (${state.reason}), and is left alone for a moment`, wait);
    }
    state.open = 0.5;
  }

  function rest(): void {
    const ms = Math.min(REST_MS.max, REST_MS.min * 2 ** rests++);
    restsUntil = now() + ms * (0.5 + Math.random() / 2);
    state.open = 1;
  }

  function recover(): void {
    failures = 0;
    rests = 0;
    const wasUp = state.isUp;
    Object.assign(state, { open: 0, isUp: true, reason: null });
    if (!wasUp) onChange(state);
  }

  return {
    state,
    enter() {
      if (state.open !== 0) enterOpen();
      if (state.active >= activeMax) refuse("full", `has ${activeMax} requests to answer before this one`, 1000);
      state.active++;
      if (retries < RETRIES_SAVED_MAX) retries += RETRY_SHARE;
    },
    answered() {
      state.active--;
      if (failures > 0) recover();
    },
    failed(reason) {
      state.active--;
      failures++;
      state.reason = reason;
      if (state.open === 1 || (state.open === 0 && failures < failuresMax)) return;
      rest();
      if (!state.isUp) return;
      state.isUp = false;
      onChange(state);
    },
    givenUp() {
      state.active--;
      if (state.open === 0.5) state.open = 1;
    },
    mayRetry() {
      if (state.open !== 0 || retries < 1) return false;
      retries--;
      return true;
    },
  };
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import type { Era } from "@gatehouse/mcp/eras";
import type { Message } from "@gatehouse/mcp/message";
import type { AccessToken } from "@gatehouse/oauth/access-token";
import type { Credential } from "@gatehouse/store/credentials";
import type { ServerOperation } from "@gatehouse/telemetry/mcp";
import type { SseStream } from "./fronts/http-sse.ts";
import type { KeptArguments } from "./kept-arguments.ts";
import type { CallLimits } from "./limits/call-limits.ts";
import type { Opening } from "./opening.ts";
import type { ClientSession } from "./sessions.ts";
import type { ConnectorSnapshot, OrgSnapshot, ToolPolicy } from "./snapshots.ts";

/** What a client's answer is written to: its HTTP response, or its part of the one that answers a batch. */
export type Answer = Writable & Pick<ServerResponse, "headersSent" | "writeHead" | "flushHeaders">;

/**
 * One client request and everything that is sent in answer to it. The steps of `call.ts` fill it in, in their order;
 * what a step needs, the steps before it have set.
 */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: Answer;
  /** The endpoint's path as the client has it. */
  readonly path: string;
  /** The endpoint's canonical URL, which a token must be for. */
  readonly audience: string;
  /** On the clock of `performance.now()`. */
  readonly arrivedAt = performance.now();
  readonly at = new Date();

  // authenticate
  token!: AccessToken;
  org!: OrgSnapshot;
  connector!: ConnectorSnapshot;
  // readMessage
  bytes!: Buffer;
  /** Not there where there is none: for GET and DELETE, and until it is read. */
  message!: Message;
  era!: Era;
  protocolVersion!: string;
  /** What came in place of one message. */
  batch: unknown[] | null = null;
  // splitBatch
  /** It came with others, and is answered on one stream with them. */
  inBatch = false;
  /** The steps that follow are not taken. */
  isAnswered = false;
  // limit and limitTool
  /** What it counts against, for as long as it is under way. */
  limits: CallLimits | null = null;
  toolLimits: CallLimits | null = null;
  // findTarget
  tool: ToolPolicy | null = null;
  /** The tool, prompt or resource that the request is about. */
  target: string | undefined;
  access: "read" | "write" = "read";
  operation!: ServerOperation;
  // editCall
  /** The message is not the one that the client's bytes hold. */
  isEdited = false;
  // findSession
  session: ClientSession | null = null;
  // findSseStream
  /** Where the answer goes, for a client of HTTP+SSE. */
  stream: SseStream | null = null;
  // withCredential
  /** `null` where the upstream asks for nothing. */
  opening: Opening | null = null;
  /** The member's own, where that is what opens the upstream. */
  credential: Credential | null = null;
  /** What the org's client has got, for itself or for who calls. */
  clientToken: Credential | null = null;
  /** What the client says of the page where an account is linked. */
  linkAnswer: unknown;

  // recordIntent
  /** What the audit log says of the arguments. */
  arguments: KeptArguments | undefined;
  /** The audit row of a write that was tried; its outcome names it. */
  intentId: string | null = null;

  // continueElsewhere and takeOver
  /** What the row that says how the exchange ended is called, where more than one replica may write it. */
  outcomeId: string | null = null;

  /** The message is well-formed: what fails from here on fails in its answer. */
  accepted = false;
  /** It is a stream that stays open for as long as the client listens. */
  opened = false;
  /** The request has left for the upstream: nobody can say that it did nothing. */
  sent = false;
  /** The row that says how the exchange ended is written, or on its way. */
  recorded = false;
  bytesOut = 0;
  /** What went wrong, for the audit log. */
  error: string | undefined;

  constructor(request: IncomingMessage, response: Answer, { path, audience }: { path: string; audience: string }) {
    this.request = request;
    this.response = response;
    this.path = path;
    this.audience = audience;
  }

  /** As the router says, which lets nobody else say it, or the replica that took the request. */
  get clientAddress(): string | undefined {
    return this.request.headers["x-forwarded-for"] as string | undefined;
  }
}

export type Step = (exchange: Exchange) => void | Promise<void>;

/** Runs the steps one after the other; only those that answer a promise are waited for. */
export function inOrder(...steps: Step[]): (exchange: Exchange) => Promise<void> {
  return async function runSteps(exchange) {
    for (const step of steps) {
      const pending = step(exchange);
      if (pending) await pending;
      if (exchange.isAnswered) return;
    }
  };
}

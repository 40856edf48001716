import { Fault } from "@gatehouse/faults";
import { isRequest, type Message, type Request, type Response } from "@gatehouse/mcp/message";
import type { SseEvent } from "@gatehouse/mcp/sse";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import { rewriteResult } from "./rewrite.ts";
import type { SseConnection } from "./sse-connection.ts";
import { type Ending, endless, ofConnector, overAt, type Receiver, type UpstreamCall } from "./streamable-http.ts";
import { cancellationOf, type Outbound } from "./upstream-request.ts";

/** One message to an upstream of HTTP+SSE; what answers it comes on the connection's stream. */
export class SseCall implements UpstreamCall {
  readonly ended: Promise<Ending>;
  /** A client waits for it, and can be asked in the meantime. */
  readonly isClients: boolean;
  readonly #settlement = Promise.withResolvers<Ending>();
  readonly #exchange: Exchange;
  readonly #outbound: Outbound;
  readonly #receiver: Receiver;
  readonly #timeoutMs: number;
  #connection: SseConnection | null = null;
  #silence: NodeJS.Timeout | undefined;
  readonly #overAt: number;
  /** The answer has come, whatever becomes of the POST. */
  #answered = false;
  #settled = false;

  constructor(
    exchange: Exchange,
    outbound: Outbound,
    receiver: Receiver,
    { upstreamTimeoutMs, isClients }: Pick<Dependencies, "upstreamTimeoutMs"> & { isClients: boolean },
  ) {
    this.isClients = isClients;
    this.#exchange = exchange;
    this.#outbound = outbound;
    this.#receiver = receiver;
    this.#timeoutMs = upstreamTimeoutMs;
    this.#overAt = overAt(upstreamTimeoutMs);
    this.ended = this.#settlement.promise;
  }

  get id(): Request["id"] {
    return (this.#outbound.message as Request).id;
  }

  /** What the upstream names in its progress notifications. */
  get progressToken(): unknown {
    return (this.#outbound.message as Request).params?._meta?.progressToken;
  }

  send(connecting: SseConnection | null | Promise<SseConnection>, traceparent: string): void {
    this.#send(connecting, traceparent).catch((error) => {
      if (!this.#answered) this.#end(error);
    });
  }

  async #send(connecting: SseConnection | null | Promise<SseConnection>, traceparent: string): Promise<void> {
    const connection = await connecting;
    if (!connection) return this.#end("session_lost");
    this.#connection = connection;
    const expectsAnswer = isRequest(this.#outbound.message!);
    if (expectsAnswer) this.#wait(connection);
    const taken = await connection.post(this.#exchange, this.#outbound, traceparent);
    if (!taken && !this.#answered) this.#end("session_lost");
    if (expectsAnswer || this.#settled) return;
    this.#receiver.accept();
    this.#end("answered");
  }

  #wait({ calls }: SseConnection): void {
    for (const { id } of calls) {
      if (id === this.id) throw new Fault("invalid_request", "A request with this id waits for its answer already");
    }
    calls.add(this);
    this.#expectSomething();
  }

  abort(fault: Fault): void {
    this.#end(fault);
  }

  /** A notification, or an ask; `false` where it is too much for whoever receives it. */
  tell(message: Message, event: SseEvent): boolean {
    this.#expectSomething();
    return this.#receiver.event(message, event);
  }

  onDrain(listener: () => void): void {
    this.#receiver.onDrain(listener);
  }

  complete(answer: Response, text: string): void {
    this.#answered = true;
    this.#connection?.calls.delete(this);
    clearTimeout(this.#silence);
    const changed = rewriteResult(this.#exchange, answer);
    const opens = this.#outbound.sessionId === null;
    const sessionId = opens && answer.result ? this.#connection!.id : null;
    this.#receiver.end(answer, changed ? JSON.stringify(answer) : text, { status: 200, sessionId }).then(
      () => this.#end("answered"),
      (error) => this.#end(error),
    );
    if (opens && !answer.result) this.#connection?.close();
  }

  #expectSomething(): void {
    clearTimeout(this.#silence);
    const leftMs = this.#overAt - performance.now();
    this.#silence = setTimeout(() => this.#giveUp(leftMs), Math.min(this.#timeoutMs, leftMs)).unref();
  }

  #giveUp(leftMs: number): void {
    const isSilent = this.#timeoutMs < leftMs;
    this.#end(isSilent ? new Fault("upstream_timeout", "it did not answer in time") : endless());
    const cancellation = cancellationOf(this.#outbound);
    if (!cancellation) return;
    this.#connection?.post(this.#exchange, cancellation, this.#exchange.operation.traceparent).catch(() => {});
  }

  #end(ending: Ending | Error): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#silence);
    this.#connection?.calls.delete(this);
    if (!(ending instanceof Error)) return this.#settlement.resolve(ending);
    if (this.#outbound.sessionId === null) this.#connection?.close();
    this.#settlement.reject(ofConnector(ending, this.#exchange));
  }
}

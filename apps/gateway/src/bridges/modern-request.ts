import type { Fault } from "@gatehouse/faults";
import { MODERN_VERSIONS } from "@gatehouse/mcp/eras";
import { isRequest, type Message, type Request, type Response } from "@gatehouse/mcp/message";
import { backOf } from "../backs/back.ts";
import type { Receiver, UpstreamCall } from "../backs/streamable-http.ts";
import type { Outbound } from "../backs/upstream-request.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";

/** Who hears an upstream's notifications, and may ask it to hold on. */
export type Hearer = Pick<Receiver, "event" | "onDrain">;

/** One request to a modern upstream: its notifications go to the hearer, and its response comes back. */
export class ModernRequest implements Receiver {
  readonly #exchange: Exchange;
  readonly #deps: Pick<Dependencies, "backs">;
  readonly #hearer: Hearer | null;
  #response = Promise.withResolvers<Response>();
  #call: UpstreamCall | null = null;

  constructor(exchange: Exchange, deps: Pick<Dependencies, "backs">, hearer: Hearer | null = null) {
    this.#exchange = exchange;
    this.#deps = deps;
    this.#hearer = hearer;
  }

  async send(message: Request): Promise<Response> {
    this.#call = backOf(this.#exchange, this.#deps).post(this.#exchange, outboundOf(message), this);
    const [response] = await Promise.all([this.#response.promise, this.#call.ended]);
    return response;
  }

  abort(fault: Fault): void {
    this.#call?.abort(fault);
  }

  open(): void {}
  accept(): void {}

  onDrain(listener: () => void): void {
    this.#hearer?.onDrain(listener);
  }

  event(message: Message | null): boolean {
    if (!message || isRequest(message) || !this.#hearer) return true;
    return this.#hearer.event(message, { event: "message", data: JSON.stringify(message) });
  }

  async end(response: Response): Promise<void> {
    this.#response.resolve(response);
  }

  async leave(): Promise<void> {}
}

const outboundOf = (message: Request): Outbound => ({
  era: "modern",
  protocolVersion: MODERN_VERSIONS[0]!,
  sessionId: null,
  message,
  bytes: null,
});

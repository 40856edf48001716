import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { writeSse } from "@gatehouse/mcp/sse";
import type { Answer } from "../exchange.ts";
import { startStream } from "./streamable-http.ts";

/** The answer to a batch: one stream of what answers its members, or one status where none of them expects an answer. */
export class BatchAnswer {
  readonly #response: Answer;
  readonly #members: MemberAnswer[];

  constructor(response: Answer, length: number, isStream: boolean) {
    this.#response = response;
    this.#members = Array.from({ length }, () => new MemberAnswer(isStream ? response : null));
    response.setMaxListeners(0);
    response.once("close", () => {
      for (const member of this.#members) member.destroy();
    });
    if (isStream) startStream(response);
  }

  memberAt(index: number): Answer {
    return this.#members[index]!;
  }

  async end(): Promise<void> {
    await Promise.all(this.#members.map((member) => finished(member.end()).catch(() => {})));
    if (this.#response.headersSent) return void this.#response.end();
    const refused = this.#members.find(({ status }) => status >= 400);
    if (refused) this.#response.writeHead(refused.status, refused.headers).end(refused.body);
    else this.#response.writeHead(202).end();
  }
}

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined;

/** What would be one message's HTTP response, if it had come alone. */
class MemberAnswer extends Writable implements Answer {
  headersSent = false;
  status = 0;
  headers: Headers;
  readonly #stream: Answer | null;
  #isStream = false;
  #rest = Buffer.alloc(0);

  constructor(stream: Answer | null) {
    super({ decodeStrings: true });
    this.#stream = stream;
  }

  get body(): Buffer {
    return this.#rest;
  }

  writeHead(status: number, headers?: unknown): this & ServerResponse {
    this.headersSent = true;
    this.status = status;
    this.headers = headers as Headers;
    return this as this & ServerResponse;
  }

  /** Only a stream's headers leave before its body. */
  flushHeaders(): void {
    this.#isStream = true;
  }

  /** Events go on as a whole: between them, others may come. */
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const end = this.#isStream ? this.#rest.lastIndexOf("\n\n") + 2 : 0;
    if (end < 2) return done();
    const events = this.#rest.subarray(0, end);
    this.#rest = this.#rest.subarray(end);
    this.#pass(events, done);
  }

  override _final(done: () => void): void {
    if (this.#isStream || this.#rest.length === 0) return done();
    this.#pass(writeSse({ event: "message", data: this.#rest.toString() }), done);
  }

  /** Whoever's stream is closed before its end has lost access, or is gone. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.writableFinished) this.#stream?.destroy();
    done(error);
  }

  #pass(events: Buffer | string, done: () => void): void {
    if (!this.#stream || this.#stream.destroyed || this.#stream.write(events)) return done();
    this.#stream.once("drain", done);
  }
}

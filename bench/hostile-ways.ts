import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";

// What a hostile upstream does in place of answering; and first, what any other does.

const ANSWER = { "content-type": "application/json" };
const STREAM = { "content-type": "text/event-stream" };
const PIECE = 64 * 1024;
const GIGABYTE = 1024 ** 3;
const BEGUN = '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"';
const HALF_AN_EVENT = eventOf(1000).slice(0, 500);

export const WELL = "answers as it should";

export const WAYS: Record<string, (response: ServerResponse) => void> = {
  [WELL]: (response) => void response.writeHead(200, ANSWER).end(`${BEGUN}"}]}}`),
  "never answers": () => {},
  "answers a byte a second": (response) => dribble(response.writeHead(200, ANSWER), BEGUN),
  "sends an event, a byte a second": (response) => dribble(response.writeHead(200, STREAM), eventOf(1000)),
  "sends half an event, and no more": (response) => response.writeHead(200, STREAM).write(HALF_AN_EVENT),
  "sends half an event, and breaks off": (response) => response.writeHead(200, STREAM).end(HALF_AN_EVENT),
  "answers a gigabyte": (response) => pour(response.writeHead(200, ANSWER), BEGUN, "x".repeat(PIECE)),
  "sends a gigabyte of events": (response) => pour(response.writeHead(200, STREAM), "", eventOf(PIECE)),
  "sends a gigabyte of short events": (response) => pour(response.writeHead(200, STREAM), "", eventOf(0).repeat(700)),
  "sends an event of a gigabyte": (response) => pour(response.writeHead(200, STREAM), "data: ", "x".repeat(PIECE)),
};

function eventOf(bytes: number): string {
  const params = { level: "info", data: "x".repeat(bytes) };
  return `data: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params })}\n\n`;
}

function dribble(response: ServerResponse, text: string): void {
  let sent = 0;
  const timer = setInterval(() => response.write(text[sent++] ?? ""), 1000);
  response.once("close", () => clearInterval(timer));
}

/** As fast as it is taken. */
function pour(response: ServerResponse, first: string, piece: string): void {
  function* pieces(): Iterable<string> {
    yield first;
    for (let left = GIGABYTE; left > 0; left -= piece.length) yield piece;
  }
  Readable.from(pieces()).pipe(response);
}

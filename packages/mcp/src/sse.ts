import { StringDecoder } from "node:string_decoder";

/** One event of a text/event-stream. `data` is `undefined` for an event that has none, such as a lone `retry`. */
export interface SseEvent {
  event?: string;
  id?: string;
  /** Milliseconds. */
  retry?: number;
  data?: string;
}

export interface SseReader {
  /** Throws what `onEvent` throws, and `RangeError` for an event longer than `charactersMax`. */
  read(chunk: Buffer): void;
}

/** HTML Standard, 9.2.6 Interpreting an event stream. An event that the stream ends in the middle of is not told. */
export function readSse(onEvent: (event: SseEvent) => void, charactersMax: number): SseReader {
  const decoder = new StringDecoder("utf8");
  /** What has come of a line that has not ended. */
  let held: string[] = [];
  let heldLength = 0;
  let event: SseEvent = {};
  let length = 0;

  function line(text: string): void {
    if (text === "") {
      if (length === 0) return;
      const complete = event;
      event = {};
      length = 0;
      if (Object.keys(complete).length > 0) onEvent(complete);
      return;
    }
    length += text.length;
    if (length > charactersMax) throw new RangeError("an event is too long");
    field(event, text);
  }

  return {
    read(chunk) {
      const text = decoder.write(chunk);
      const goesOn = !/[\r\n]/.test(text) && !held.at(-1)?.endsWith("\r");
      held.push(text);
      heldLength += text.length;
      if (heldLength > charactersMax) throw new RangeError("a line is too long");
      if (goesOn) return;
      const rest = held.join("");
      const endOfLine = endsOfLines(rest);
      let start = 0;
      for (;;) {
        const end = endOfLine(start);
        if (end === -1) break;
        line(rest.slice(start, end));
        start = end + (rest[end] === "\r" && rest[end + 1] === "\n" ? 2 : 1);
      }
      held = start === rest.length ? [] : [rest.slice(start)];
      heldLength = rest.length - start;
    },
  };
}

/**
 * Where the line ends that starts there; -1 where it is not complete: a CR at the very end may still be followed by its LF.
 * However short the lines are, the text is gone through once.
 */
function endsOfLines(text: string): (start: number) => number {
  let lf = text.indexOf("\n");
  let cr = text.indexOf("\r");
  return (start) => {
    if (lf !== -1 && lf < start) lf = text.indexOf("\n", start);
    if (cr !== -1 && cr < start) cr = text.indexOf("\r", start);
    if (cr === -1 || (lf !== -1 && lf < cr)) return lf;
    return cr === text.length - 1 ? -1 : cr;
  };
}

function field(event: SseEvent, text: string): void {
  const colon = text.indexOf(":");
  if (colon === 0) return;
  const name = colon === -1 ? text : text.slice(0, colon);
  const value = colon === -1 ? "" : text.slice(text[colon + 1] === " " ? colon + 2 : colon + 1);
  switch (name) {
    case "data":
      event.data = event.data === undefined ? value : `${event.data}\n${value}`;
      return;
    case "event":
      event.event = value;
      return;
    case "id":
      if (!value.includes("\0")) event.id = value;
      return;
    case "retry":
      if (/^\d+$/.test(value)) event.retry = Number(value);
  }
}

/** An event as it is sent. */
export function writeSse({ event, id, retry, data }: SseEvent): string {
  let text = "";
  if (event !== undefined) text += `event: ${event}\n`;
  if (id !== undefined) text += `id: ${id}\n`;
  if (retry !== undefined) text += `retry: ${retry}\n`;
  if (data !== undefined)
    text += data.includes("\n")
      ? data
          .split("\n")
          .map((line) => `data: ${line}\n`)
          .join("")
      : `data: ${data}\n`;
  return `${text}\n`;
}

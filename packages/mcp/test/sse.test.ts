import { expect, test } from "vitest";
import { readSse, type SseEvent, writeSse } from "../src/sse.ts";

function read(text: string | Buffer, chunkBytes = Number.POSITIVE_INFINITY, max = 1000): SseEvent[] {
  const events: SseEvent[] = [];
  const reader = readSse((event) => events.push(event), max);
  const bytes = Buffer.from(text as string);
  for (let at = 0; at < bytes.length; at += Math.min(chunkBytes, bytes.length)) {
    reader.read(bytes.subarray(at, at + Math.min(chunkBytes, bytes.length)));
  }
  return events;
}

const STREAM = ': comment\n\nid: 7\nretry: 100\nevent: message\ndata: {"a":"é"}\n\ndata: one\ndata: two\n\n';

test("events are read, whatever the line ends, and wherever the chunks break", () => {
  const expected = [{ id: "7", retry: 100, event: "message", data: '{"a":"é"}' }, { data: "one\ntwo" }];
  for (const end of ["\n", "\r\n", "\r"]) {
    const stream = Buffer.from(`${STREAM.replaceAll("\n", end)}data: next${end}`);
    for (let size = 1; size < 12; size++)
      expect(read(stream, size), `${JSON.stringify(end)} ${size}`).toEqual(expected);
  }
});

test("an event that the stream ends in the middle of is not told", () => {
  expect(read("data: whole\n\ndata: half\n")).toEqual([{ data: "whole" }]);
});

test("an event without end is refused before it fills the memory", () => {
  expect(() => read(`data: ${"x".repeat(2000)}`, 100)).toThrow(RangeError);
  expect(() => read("data: x\n".repeat(1000), 100)).toThrow(RangeError);
});

test("what is written reads the same", () => {
  const events = [{ event: "message", id: "1", data: "a\nb" }, { retry: 5 }, { id: "2", data: "" }];
  expect(read(events.map(writeSse).join(""))).toEqual(events);
});

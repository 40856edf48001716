import { isMap, isNode, isSeq, LineCounter, parseDocument } from "yaml";
import { segmentsOf } from "./pointer.ts";

/** Beyond it, the tree that remembers positions takes more memory than the lines are worth. */
const CHARACTERS_MAX = 4_000_000;

/** The line of each pointer in the text of a description, from 1 on; none where the text is very long. */
export function locate(text: string, pointers: string[]): Map<string, number> {
  const lines = new Map<string, number>();
  if (pointers.length === 0 || text.length > CHARACTERS_MAX) return lines;
  const counter = new LineCounter();
  const { contents } = parseDocument(text, { lineCounter: counter, uniqueKeys: false, logLevel: "silent" });
  for (const pointer of pointers) {
    const offset = offsetOf(contents, segmentsOf(pointer));
    if (offset !== undefined) lines.set(pointer, counter.linePos(offset).line);
  }
  return lines;
}

/** Of the last segment that is there: what is missing is missing in its parent. */
function offsetOf(root: unknown, segments: string[]): number | undefined {
  let node = root;
  let offset = isNode(root) ? root.range?.[0] : undefined;
  for (const segment of segments) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isNode(key) ? key.toJSON() : key) === segment);
      if (!pair) return offset;
      offset = isNode(pair.key) ? pair.key.range?.[0] : offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(segment)];
      offset = isNode(node) ? node.range?.[0] : offset;
    } else return offset;
  }
  return offset;
}

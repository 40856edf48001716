// What a long message says of itself: its own members, and those of its result or error, without what is nested in them.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** A message is 1 deep, its result 2. */
const DEPTH_KEPT = 2;

export class Outline {
  readonly #kept: Buffer[] = [];
  #depth = 0;
  #isInString = false;
  /** What the next chunk begins with comes after a backslash. */
  #isEscaped = false;

  /** In the order in which they come. What is kept is a part of `chunk`. */
  read(chunk: Buffer): void {
    let depth = this.#depth;
    let start = 0;
    for (let at = this.#isInString ? this.#endOfString(chunk, 0) + 1 : 0; at < chunk.length; at++) {
      switch (chunk[at]) {
        case QUOTE:
          at = this.#endOfString(chunk, at + 1);
          break;
        case OPEN_ARRAY:
        case OPEN_OBJECT:
          if (++depth === DEPTH_KEPT + 1) this.#kept.push(chunk.subarray(start, at + 1));
          break;
        case CLOSE_ARRAY:
        case CLOSE_OBJECT:
          if (depth-- === DEPTH_KEPT + 1) start = at;
          break;
      }
    }
    if (depth <= DEPTH_KEPT) this.#kept.push(chunk.subarray(start));
    this.#depth = depth;
  }

  /** Where its quote is, or the chunk's end. */
  #endOfString(chunk: Buffer, start: number): number {
    let from = this.#isEscaped ? start + 1 : start;
    for (;;) {
      const quote = chunk.indexOf(QUOTE, from);
      const end = quote === -1 ? chunk.length : quote;
      let unescaped = end;
      while (unescaped > from && chunk[unescaped - 1] === BACKSLASH) unescaped--;
      const isEscaped = (end - unescaped) % 2 === 1;
      this.#isInString = quote === -1;
      this.#isEscaped = quote === -1 && isEscaped;
      if (quote === -1 || !isEscaped) return end;
      from = quote + 1;
    }
  }

  /** JSON where the message is JSON, with `[]` and `{}` for what is left out. */
  text(): string {
    return Buffer.concat(this.#kept).toString();
  }
}

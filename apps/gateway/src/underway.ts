/** How many exchanges have not ended, open streams among them. */
export interface Underway {
  readonly count: number;
  begin(): void;
  end(): void;
  /** Settles when there is none. */
  over(): Promise<void>;
}

export function openUnderway(): Underway {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    get count() {
      return count;
    },
    begin: () => void count++,
    end() {
      if (--count > 0) return;
      for (const settle of waiting) settle();
      waiting = [];
    },
    over() {
      return count === 0 ? Promise.resolve() : new Promise((settle) => void waiting.push(settle));
    },
  };
}

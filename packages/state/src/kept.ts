interface Entry<T extends object> {
  weak: WeakRef<T>;
  /** `null` while nobody here would miss it: it stays for as long as somebody else has it. */
  strong: T | null;
}

/** One of each kind, by key, for as long as it counts for something or anybody has it. */
export class Kept<T extends { readonly isIdle: boolean }> {
  readonly #entries = new Map<string, Entry<T>>();

  get(key: string, make: () => T): T {
    const known = this.#entries.get(key)?.weak.deref();
    if (known) return known;
    const made = make();
    this.#entries.set(key, { weak: new WeakRef(made), strong: made });
    return made;
  }

  /** Those that count for something. */
  *busy(): Iterable<T> {
    for (const [key, entry] of this.#entries) {
      const one = entry.weak.deref();
      if (!one) this.#entries.delete(key);
      else entry.strong = one.isIdle ? null : one;
      if (entry.strong) yield entry.strong;
    }
  }
}

const PREFIX = "gatehouse.draft.";

/** What was typed and not sent yet, kept in this tab: it outlives a reload and a session that has ended. Never secrets. */
export function keepDraft(name: string, draft: object): void {
  try {
    sessionStorage.setItem(PREFIX + name, JSON.stringify(draft));
  } catch {
    // Too large to be kept: it is still in the form.
  }
}

/** A query may hold a key. */
export const withoutQuery = (url: string): string => url.split("?", 1)[0]!;

export function readDraft<Draft extends object>(name: string): Partial<Draft> {
  return JSON.parse(sessionStorage.getItem(PREFIX + name) ?? "{}");
}

export function dropDraft(name: string): void {
  sessionStorage.removeItem(PREFIX + name);
}

/** For whoever signs in here next. */
export function dropDrafts(): void {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(PREFIX)) sessionStorage.removeItem(name);
}

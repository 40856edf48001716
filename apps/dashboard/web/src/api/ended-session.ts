import { useSyncExternalStore } from "react";

// What is asked once the session has ended waits until somebody has signed in again, and goes on then: no page is left, and
// nothing that was typed is lost.

let waiting: PromiseWithResolvers<void> | null = null;
const listeners = new Set<() => void>();

function change(next: typeof waiting): void {
  waiting = next;
  for (const listener of listeners) listener();
}

export function untilSignedIn(): Promise<void> {
  if (!waiting) change(Promise.withResolvers());
  return waiting!.promise;
}

export function goOn(): void {
  waiting?.resolve();
  change(null);
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useHasEnded(): boolean {
  return useSyncExternalStore(listen, () => waiting !== null);
}

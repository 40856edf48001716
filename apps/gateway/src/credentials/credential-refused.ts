import { Fault } from "@gatehouse/faults";

/** The upstream has not let in what was sent to open it: nothing else of the request was looked at. */
export class CredentialRefused extends Fault {
  constructor(status: number) {
    super("upstream_failed", `it refuses the credential that it was sent (HTTP ${status})`);
  }
}

/** Wherever it was met on the way, and whatever it was said to be there. */
export function isCredentialRefused(error: unknown): boolean {
  if (error instanceof CredentialRefused) return true;
  return error instanceof Error && error.cause !== undefined && isCredentialRefused(error.cause);
}

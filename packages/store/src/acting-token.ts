import { AsyncLocalStorage } from "node:async_hooks";

/** The token that a request to the management API came with. */
export interface ActingToken {
  id: string;
  name: string;
}

const acting = new AsyncLocalStorage<ActingToken>();

/** Every row of the audit log that `work` writes names the token. */
export function actingWith<T>(token: ActingToken, work: () => T): T {
  return acting.run(token, work);
}

/** What an audit row says of it, in the gateway's words; nothing where a person acts in a browser. */
export function actingToken(): { token?: string; token_name?: string } {
  const token = acting.getStore();
  return token ? { token: token.id, token_name: token.name } : {};
}

import { type OAuthClientProvider, UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client, type ClientOptions } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type {
  OAuthClientInformationMixed,
  OAuthClientMetadata,
  OAuthTokens,
} from "@modelcontextprotocol/sdk/shared/auth.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { Person } from "./house.ts";
import { type SignInOptions, signIn } from "./sign-in.ts";

/** An old client's memory of one server, which registers itself and has `person` in front of the browser. */
export class V1Provider implements OAuthClientProvider {
  readonly redirectUrl = "http://localhost:33418/callback";
  readonly clientMetadata: OAuthClientMetadata = {
    client_name: "Old client",
    redirect_uris: [this.redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  };
  /** Where the person was sent back to, with the code. */
  callback: URL | undefined;
  savedTokens: OAuthTokens | undefined;
  #client: OAuthClientInformationMixed | undefined;
  #verifier = "";
  #person: Person;
  #options: SignInOptions;

  constructor(person: Person, options: SignInOptions = {}) {
    this.#person = person;
    this.#options = options;
  }

  clientInformation(): OAuthClientInformationMixed | undefined {
    return this.#client;
  }

  saveClientInformation(client: OAuthClientInformationMixed): void {
    this.#client = client;
  }

  tokens(): OAuthTokens | undefined {
    return this.savedTokens;
  }

  saveTokens(tokens: OAuthTokens): void {
    this.savedTokens = tokens;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  async redirectToAuthorization(url: URL): Promise<void> {
    this.callback = await signIn(url, this.#person, this.#options);
  }
}

export interface ConnectedV1 extends AsyncDisposable {
  client: Client;
  provider: V1Provider;
}

/**
 * Progress as it arrives, by its token. The client itself forgets who wanted to know of it as soon as the answer arrives, and
 * tells them a microtask later (`Protocol`, `_onresponse` and `_onnotification`): over HTTP+SSE, whose events of one chunk
 * are dispatched in one turn, it so drops the last.
 */
export function arrivingProgress({ transport }: Client): Map<unknown, number[]> {
  const arrived = new Map<unknown, number[]>();
  const deliver = transport!.onmessage!;
  transport!.onmessage = (message, extra) => {
    if ("method" in message && message.method === "notifications/progress") {
      const { progressToken, progress } = message.params as { progressToken: unknown; progress: number };
      arrived.set(progressToken, [...(arrived.get(progressToken) ?? []), progress]);
    }
    deliver(message, extra);
  };
  return arrived;
}

/** The v1 SDK's client, which speaks the legacy era, signed in as `person`; over HTTP+SSE to a URL that ends so. */
export async function connectV1(
  url: string,
  person: Person,
  { provider = new V1Provider(person), ...options }: ClientOptions & { provider?: V1Provider } = {},
): Promise<ConnectedV1> {
  const newClient = () => new Client({ name: "old-client", version: "1.0.0" }, options);
  let client = newClient();
  const Transport = url.endsWith("/sse") ? SSEClientTransport : StreamableHTTPClientTransport;
  const transport = () => new Transport(new URL(url), { authProvider: provider });
  const first = transport();
  try {
    await client.connect(first as Transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await first.finishAuth(provider.callback?.searchParams.get("code") ?? "");
    client = newClient();
    await client.connect(transport() as Transport);
  }
  return { client, provider, [Symbol.asyncDispose]: () => client.close() };
}

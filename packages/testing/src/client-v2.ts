import type { Era } from "@gatehouse/store/tables";
import {
  Client,
  type ClientOptions,
  type OAuthClientMetadata,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import type { Person } from "./house.ts";
import { type SignInOptions, signIn } from "./sign-in.ts";

export interface V2ProviderOptions extends SignInOptions {
  /** Who the client is, where it publishes its metadata; without it, the client registers itself. */
  clientMetadataUrl?: string;
  redirectUrl?: string;
}

/** A new client's memory: what it knows of each authorization server apart. */
export class V2Provider implements OAuthClientProvider {
  readonly redirectUrl: string;
  readonly clientMetadataUrl?: string;
  readonly clientMetadata: OAuthClientMetadata;
  /** Where the person was sent back to, with the code. */
  callback: URL | undefined;
  savedTokens: StoredOAuthTokens | undefined;
  #state = crypto.randomUUID();
  #clients = new Map<string, StoredOAuthClientInformation>();
  #verifier = "";
  #discovered: OAuthDiscoveryState | undefined;
  #person: Person;
  #options: V2ProviderOptions;

  constructor(person: Person, options: V2ProviderOptions = {}) {
    this.#person = person;
    this.#options = options;
    this.redirectUrl = options.redirectUrl ?? "http://127.0.0.1:41017/callback";
    if (options.clientMetadataUrl) this.clientMetadataUrl = options.clientMetadataUrl;
    this.clientMetadata = {
      client_name: "New client",
      redirect_uris: [this.redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    };
  }

  state(): string {
    return this.#state;
  }

  clientInformation(context?: { issuer: string }): StoredOAuthClientInformation | undefined {
    return this.#clients.get(context?.issuer ?? "");
  }

  saveClientInformation(client: StoredOAuthClientInformation, context?: { issuer: string }): void {
    this.#clients.set(context?.issuer ?? "", client);
  }

  tokens(): StoredOAuthTokens | undefined {
    return this.savedTokens;
  }

  saveTokens(tokens: StoredOAuthTokens): void {
    this.savedTokens = tokens;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#discovered;
  }

  saveDiscoveryState(discovered: OAuthDiscoveryState): void {
    this.#discovered = discovered;
  }

  async redirectToAuthorization(url: URL): Promise<void> {
    this.callback = await signIn(url, this.#person, this.#options);
    if (this.callback.searchParams.get("state") !== this.#state) throw new Error("The state came back changed");
  }
}

export interface ConnectedV2 extends AsyncDisposable {
  client: Client;
  provider: V2Provider;
}

/** The v2 SDK's client, signed in as `person`: in one era and no other, or in whichever it finds. */
export async function connectV2(
  url: string,
  person: Person,
  {
    era = "modern",
    provider = new V2Provider(person),
    ...options
  }: ClientOptions & { era?: Era | "auto"; provider?: V2Provider } = {},
): Promise<ConnectedV2> {
  const mode = era === "modern" ? { pin: "2026-07-28" } : era;
  const settings = { ...options, versionNegotiation: { mode } };
  const newClient = () => new Client({ name: "new-client", version: "1.0.0" }, settings);
  const transport = () => new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  let client = newClient();
  const first = transport();
  try {
    await client.connect(first);
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || !provider.callback) throw error;
    await first.finishAuth(provider.callback.searchParams);
    client = newClient();
    await client.connect(transport());
  }
  return { client, provider, [Symbol.asyncDispose]: () => client.close() };
}

import { connectV1 } from "@gatehouse/testing/client-v1";
import { connectV2 } from "@gatehouse/testing/client-v2";
import type { Person } from "@gatehouse/testing/house";
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import type { AnyClient } from "./transcript.ts";

export interface ConnectedClient extends AsyncDisposable {
  client: AnyClient;
}

type ThroughGateway = (endpointUrl: string, person: Person, folder: string) => Promise<ConnectedClient>;

/** One real client in the legacy era, at a server itself and through the gateway. */
export interface RealClient {
  directly(url: URL, folder: string): Promise<ConnectedClient>;
  throughGateway: ThroughGateway;
}

const capabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

const elicited = ({ params }: { params: { mode?: string | undefined } }) =>
  params.mode === "url"
    ? { action: "accept" as const }
    : { action: "accept" as const, content: { name: "Ada", check: true, integer: 7, untitledMultipleSelect: [] } };
const sampled = () => ({
  role: "assistant" as const,
  model: "test",
  content: { type: "text" as const, text: "Paris" },
});
const rootsAt = (folder: string) => ({ roots: [{ uri: `file://${folder || "/work"}`, name: "work" }] });

export const v1: RealClient = {
  async directly(url, folder) {
    const client = new ClientV1({ name: "old-client", version: "1.0.0" }, { capabilities });
    answerAsV1(client, folder);
    const transport = new TransportV1(url);
    await client.connect(transport as Transport);
    return connected(client, () => transport.terminateSession());
  },
  async throughGateway(endpointUrl, person, folder) {
    const { client } = await connectV1(endpointUrl, person, { capabilities });
    answerAsV1(client, folder);
    return connected(client);
  },
};

function answerAsV1(client: ClientV1, folder: string): void {
  client.setRequestHandler(ElicitRequestSchema, elicited);
  client.setRequestHandler(CreateMessageRequestSchema, sampled);
  client.setRequestHandler(ListRootsRequestSchema, () => rootsAt(folder));
}

export const v2: RealClient = {
  async directly(url, folder) {
    const mode = "legacy" as const;
    const options = { capabilities, versionNegotiation: { mode } };
    const client = new ClientV2({ name: "new-client", version: "1.0.0" }, options);
    answerAsV2(client, folder);
    const transport = new TransportV2(url);
    await client.connect(transport);
    return connected(client, () => transport.terminateSession());
  },
  throughGateway: v2Through("legacy"),
};

/** The v2 client in the modern era, which has no way to a legacy server but through the gateway. */
export const modernThroughGateway: ThroughGateway = v2Through("modern");

function v2Through(era: "legacy" | "modern"): ThroughGateway {
  return async (endpointUrl, person, folder) => {
    const { client } = await connectV2(endpointUrl, person, { era, capabilities });
    answerAsV2(client, folder);
    return connected(client);
  };
}

function answerAsV2(client: ClientV2, folder: string): void {
  client.setRequestHandler("elicitation/create", elicited);
  client.setRequestHandler("sampling/createMessage", sampled);
  client.setRequestHandler("roots/list", () => rootsAt(folder));
}

function connected(client: ClientV1 | ClientV2, end: () => Promise<void> = async () => {}): ConnectedClient {
  return {
    client: client as AnyClient,
    async [Symbol.asyncDispose]() {
      await end();
      await client.close();
    },
  };
}

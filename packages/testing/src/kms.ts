import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

// AWS KMS as its API reference describes it (JSON 1.1, `X-Amz-Target`): keys stay here, ciphertexts name theirs, and what is
// encrypted with a context opens with the same context alone.

interface Operation {
  KeyId?: string;
  Plaintext?: string;
  CiphertextBlob?: string;
  EncryptionContext?: Record<string, string>;
}

class KmsError extends Error {}

/**
 * `requests` names what was asked, in order; with `failing`, every answer is one of a service that is down. `holdAfter`
 * settles when so many requests were answered: the next ones wait for `release`.
 */
export async function startKms({ region = "eu-central-1", account = "123456789012" } = {}) {
  const keys = new Map<string, Buffer>();
  const requests: string[] = [];
  const state = { failing: false };
  const held = { after: Number.POSITIVE_INFINITY, reached: () => {}, released: Promise.resolve() };
  let release = () => {};

  function holdAfter(count: number): Promise<void> {
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    release = gate.resolve;
    Object.assign(held, { after: requests.length + count, reached: resolve, released: gate.promise });
    return reached;
  }

  function addKey(): string {
    const arn = `arn:aws:kms:${region}:${account}:key/${randomUUID()}`;
    keys.set(arn, randomBytes(32));
    return arn;
  }

  function keyOf(arn: string): Buffer {
    const key = keys.get(arn);
    if (!key) throw new KmsError("NotFoundException");
    return key;
  }

  const operations: Record<string, (given: Operation) => Operation> = {
    Encrypt({ KeyId = "", Plaintext = "", EncryptionContext }) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", keyOf(KeyId), nonce).setAAD(canonical(EncryptionContext));
      const body = Buffer.concat([cipher.update(Buffer.from(Plaintext, "base64")), cipher.final()]);
      const blob = Buffer.concat([Buffer.from(`${KeyId}\n`), nonce, cipher.getAuthTag(), body]);
      return { KeyId, CiphertextBlob: blob.toString("base64") };
    },
    Decrypt({ KeyId, CiphertextBlob = "", EncryptionContext }) {
      const blob = Buffer.from(CiphertextBlob, "base64");
      const end = blob.indexOf("\n");
      const arn = blob.toString("utf8", 0, end);
      if (KeyId !== undefined && KeyId !== arn) throw new KmsError("IncorrectKeyException");
      const [nonce, tag, body] = [blob.subarray(end + 1, end + 13), blob.subarray(end + 13, end + 29), end + 29];
      const decipher = createDecipheriv("aes-256-gcm", keyOf(arn), nonce).setAAD(canonical(EncryptionContext));
      try {
        decipher.setAuthTag(tag);
        const plaintext = Buffer.concat([decipher.update(blob.subarray(body)), decipher.final()]);
        return { KeyId: arn, Plaintext: plaintext.toString("base64") };
      } catch {
        throw new KmsError("InvalidCiphertextException");
      }
    },
  };

  async function answer(request: IncomingMessage): Promise<[status: number, body: object]> {
    const operation = String(request.headers["x-amz-target"]).replace(/^TrentService\./, "");
    const given = (await json(request)) as Operation;
    requests.push(operation);
    if (requests.length > held.after) {
      held.reached();
      await held.released;
    }
    const isSigned = request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 Credential=");
    if (state.failing) return [500, { __type: "KMSInternalException" }];
    if (!isSigned) return [400, { __type: "MissingAuthenticationTokenException" }];
    try {
      return [200, operations[operation]!(given)];
    } catch (error) {
      if (!(error instanceof KmsError)) throw error;
      return [400, { __type: error.message, message: error.message }];
    }
  }

  const server = createServer(async (request, response) => {
    const [status, body] = await answer(request);
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    ...{ addKey, requests, state, holdAfter },
    release: () => release(),
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    disableKey: (arn: string) => keys.delete(arn),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function canonical(context: Record<string, string> = {}): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort()));
}

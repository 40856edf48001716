import { DecryptCommand, EncryptCommand, KMSClient } from "@aws-sdk/client-kms";
import { Fault } from "@gatehouse/faults";
import type { MasterKey } from "./master-key.ts";

export interface AwsKmsOptions {
  /** `arn:aws:kms:{region}:{account}:key/{id}` */
  arn: string;
  /** Another than the region's own, such as one within a VPC. */
  endpoint?: string | undefined;
}

const REQUEST_TIMEOUT_MS = 3000;
const ATTEMPTS_MAX = 3;

/** A master key that never leaves AWS KMS. Who may use it is asked of the SDK's credential chain. */
export function awsKmsMasterKey({ arn, endpoint }: AwsKmsOptions): MasterKey {
  const client = new KMSClient({
    region: arn.split(":")[3]!,
    maxAttempts: ATTEMPTS_MAX,
    requestHandler: { requestTimeout: REQUEST_TIMEOUT_MS, connectionTimeout: REQUEST_TIMEOUT_MS },
    ...(endpoint ? { endpoint } : {}),
  });
  return {
    id: arn,
    async wrap(key, context) {
      const command = new EncryptCommand({ KeyId: arn, Plaintext: key, EncryptionContext: contextOf(context) });
      const { CiphertextBlob } = await client.send(command).catch(explain);
      return Buffer.from(CiphertextBlob!);
    },
    async unwrap(wrapped, context) {
      const command = new DecryptCommand({
        KeyId: arn,
        CiphertextBlob: wrapped,
        EncryptionContext: contextOf(context),
      });
      const { Plaintext } = await client.send(command).catch(explain);
      return Buffer.from(Plaintext!);
    },
  };
}

/** CloudTrail shows it, so it holds nothing secret. */
const contextOf = (context: string) => ({ "gatehouse:holder": context });

function explain(error: Error): never {
  throw new Fault("unavailable", `AWS KMS does not open the key that is needed (${error.name}).`, {
    headers: { "retry-after": "5" },
    cause: error,
  });
}

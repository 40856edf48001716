import { Fault } from "@gatehouse/faults";
import { type MasterKeys, masterKeyOf } from "./master-key.ts";

const CONTEXT = "deployment secret";

/** As `GATEHOUSE_DEPLOYMENT_SECRET` holds it: the id of its master key, and the secret under that key. */
export async function wrapDeploymentSecret([current]: MasterKeys, secret: Buffer): Promise<string> {
  const wrapped = await current.wrap(secret, CONTEXT);
  return `${current.id}.${wrapped.toString("base64url")}`;
}

export async function unwrapDeploymentSecret(masterKeys: MasterKeys, text: string): Promise<Buffer> {
  const dot = text.lastIndexOf(".");
  const masterKey = masterKeyOf(masterKeys, text.slice(0, dot));
  return masterKey.unwrap(Buffer.from(text.slice(dot + 1), "base64url"), CONTEXT).catch((cause) => {
    if (cause instanceof Fault) throw cause;
    throw new Fault("invalid_fields", "GATEHOUSE_DEPLOYMENT_SECRET is not what `gatehouse keys secret` printed.");
  });
}

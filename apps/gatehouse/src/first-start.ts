import { hashPassword } from "@gatehouse/auth/password";
import { Fault } from "@gatehouse/faults";
import { type DatabaseAccess, openDatabase, openDatabaseAsOwner } from "@gatehouse/store/database";
import { hasOrgs, insertMembership, insertOrg } from "@gatehouse/store/orgs";
import { insertUser } from "@gatehouse/store/users";
import { type Config, isLoopback } from "./config.ts";
import { keptOwnerPassword } from "./secrets.ts";

export const FIRST_ORG = { slug: "demo", name: "Demo" };
const OWNER_EMAIL = "owner@demo.example";

export interface FirstOwner {
  email: string;
  /** `null` where it was given to us, and so is known. */
  password: string | null;
}

/** Makes the first org with its owner; `null` where there are orgs already. */
export async function prepareFirstOrg(config: Config, access: DatabaseAccess): Promise<FirstOwner | null> {
  await using auth = openDatabase(access, "gatehouse_auth", 1);
  if (await hasOrgs(auth)) return null;
  refuseWithoutOwner(config);
  const email = config.ownerEmail ?? OWNER_EMAIL;
  const password = config.ownerPassword ?? (await keptOwnerPassword(config.dataDirectory));
  const owner = { email, name: email.split("@")[0]!, passwordHash: await hashPassword(password) };
  await using db = openDatabaseAsOwner(access.url);
  await insertOrg(db, FIRST_ORG, async function addOwner(org) {
    const { id: userId } = await insertUser(org.db, owner);
    await insertMembership(org, { userId, role: "owner" });
  });
  return { email, password: config.ownerPassword ? null : password };
}

/** On a public address, nobody's password is one that we made up and printed. */
function refuseWithoutOwner({ publicUrl, ownerEmail, ownerPassword }: Config): void {
  if (!publicUrl || isLoopback(publicUrl) || (ownerEmail && ownerPassword)) return;
  const missing = Object.entries({ GATEHOUSE_OWNER_EMAIL: ownerEmail, GATEHOUSE_OWNER_PASSWORD: ownerPassword })
    .filter(([, value]) => !value)
    .map(([name]) => name);
  const names = missing.join(" and ");
  throw new Fault("invalid_fields", `${names} must be given for the first start where PUBLIC_URL is not on localhost.`);
}

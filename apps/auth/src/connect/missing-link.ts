import { listCredentialsOfMember } from "@gatehouse/store/credentials";
import { type Database, withOrg } from "@gatehouse/store/database";
import { parseResource } from "../resource.ts";
import { findLinkTarget, type LinkTarget } from "./link-target.ts";

/** What the endpoint that a client asks for wants the member to link first; `null` where there is nothing, or no longer. */
export async function missingLink(
  deps: { db: Database; publicUrl: URL },
  resource: string,
  userId: string,
): Promise<LinkTarget | null> {
  const address = parseResource(deps.publicUrl, resource);
  const target = address && (await findLinkTarget(deps, address, userId));
  if (!target) return null;
  const credentials = await withOrg(deps.db, target.org.id, (scope) => listCredentialsOfMember(scope, userId));
  const isLinked = credentials.some(
    ({ connectorId, status }) => connectorId === target.connector.id && status === "live",
  );
  return isLinked ? null : target;
}

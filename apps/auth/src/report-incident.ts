import { insertAudit } from "@gatehouse/store/audit";
import { type Database, withOrg } from "@gatehouse/store/database";
import { findOrgBySlug, findRole } from "@gatehouse/store/orgs";
import type { Logger } from "@gatehouse/telemetry/log";
import { incidentId } from "@gatehouse/telemetry/request-span";
import { parseResource } from "./resource.ts";

export interface IncidentDeps {
  db: Database;
  publicUrl: URL;
  log: Logger;
}

/** What a person was told went wrong. */
export interface Incident {
  /** In one word, as OAuth or a fault has it. */
  code: string;
  error: unknown;
  status: number;
  /** As far as they are known. */
  userId?: string | undefined;
  clientId?: string | undefined;
  resource?: string | undefined;
}

/**
 * Answers the id that the person is shown. The log has it and, for a member who is signed in, the audit of the org whose
 * endpoint it was about; a stranger adds nothing to anybody's audit.
 */
export async function reportIncident(deps: IncidentDeps, incident: Incident): Promise<string> {
  const { log } = deps;
  const { code, error, status, clientId } = incident;
  const id = incidentId();
  log[status >= 500 ? "error" : "info"]({ incident: id, code, err: error, clientId }, "somebody was shown an error");
  if (status < 500) {
    await auditIncident(deps, id, incident).catch((err) => log.error({ incident: id, err }, "not in the audit"));
  }
  return id;
}

async function auditIncident({ db, publicUrl }: IncidentDeps, id: string, incident: Incident): Promise<void> {
  const { code, userId, clientId, resource } = incident;
  const address = userId && resource && parseResource(publicUrl, resource);
  const org = address && (await findOrgBySlug(db, address.org));
  if (!org) return;
  await withOrg(db, org.id, async (scope) => {
    if (!(await findRole(scope, userId))) return;
    const entry = { incident: id, client: clientId, resource };
    await insertAudit(scope, { event: "authorization.failed", outcome: code, userId, entry });
  });
}

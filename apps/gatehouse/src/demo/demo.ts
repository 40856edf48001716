import { Fault } from "@gatehouse/faults";
import {
  type Connector,
  findConnectorBySlug,
  insertConnector,
  newConnectorId,
  updateConnectorAddress,
} from "@gatehouse/store/connectors";
import {
  type Database,
  type DatabaseAccess,
  openDatabase,
  openDatabaseAsOwner,
  withOrg,
} from "@gatehouse/store/database";
import { findOrgBySlug } from "@gatehouse/store/orgs";
import type { Logger } from "@gatehouse/telemetry/log";
import { FIRST_ORG } from "../first-start.ts";
import { readDemoCatalogue } from "./catalogue.ts";
import { type DemoServer, startDemoServer } from "./everything.ts";

const DEMO_SLUG = "everything";
export const DEMO_PATH = `/${FIRST_ORG.slug}/${DEMO_SLUG}/mcp`;

/** Runs the demo server, and has a connector of the first org lead to it; `null` where that org does not want one. */
export async function openDemo({ access, log }: { access: DatabaseAccess; log: Logger }): Promise<DemoServer | null> {
  const orgId = await findFirstOrg(access);
  if (!orgId) return null;
  await using db = openDatabaseAsOwner(access.url);
  const connector = await withOrg(db, orgId, (org) => findConnectorBySlug(org, DEMO_SLUG));
  const preferredPort = connector ? Number(new URL(connector.url).port) : 0;
  const demo = await startDemoServer({ preferredPort, log });
  try {
    if (connector) await follow(db, orgId, connector, demo.port);
    else await register(db, orgId, demo.port);
    return demo;
  } catch (error) {
    await demo[Symbol.asyncDispose]();
    if (error instanceof Fault && error.code === "conflict") return null;
    throw error;
  }
}

async function findFirstOrg(access: DatabaseAccess): Promise<string | undefined> {
  await using db = openDatabase(access, "gatehouse_auth", 1);
  return (await findOrgBySlug(db, FIRST_ORG.slug))?.id;
}

const addressOf = (port: number) => ({ url: `http://127.0.0.1:${port}/mcp`, egressException: `127.0.0.1:${port}` });

/** Its port was taken by somebody else, and it came up at another. */
async function follow(db: Database, orgId: string, { id, url }: Connector, port: number): Promise<void> {
  const address = addressOf(port);
  if (address.url !== url) await withOrg(db, orgId, (org) => updateConnectorAddress(org, { id, ...address }));
}

async function register(db: Database, orgId: string, port: number): Promise<void> {
  const address = addressOf(port);
  const { tools, ...server } = await readDemoCatalogue(address.url);
  const id = newConnectorId();
  const connector = { id, slug: DEMO_SLUG, name: "Everything", era: "legacy" as const };
  await withOrg(db, orgId, (org) => insertConnector(org, { ...connector, ...server, ...address }, tools));
}

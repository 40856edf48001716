import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import type { Connector } from "@gatehouse/store/connectors";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { takeMails } from "@gatehouse/store/mail-counts";
import { insertMails } from "@gatehouse/store/mails";
import { listPeople, type Member } from "@gatehouse/store/members";
import { isOpenTo } from "@gatehouse/store/open-to";
import { listTeamsOfMembers } from "@gatehouse/store/teams";
import { Hono } from "hono";
import { z } from "zod";
import { jsonBody } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import { findConnector } from "../connectors/find-connector.ts";
import type { Deps } from "../dashboard.ts";
import { isPublic } from "../signing-in/is-public.ts";
import { signatureOf } from "../signing-in/session.ts";
import { CLIENTS, type ConnectingClient, type Endpoint } from "./how-to-connect.ts";

const DAY_SECONDS = 86_400;
const OF_ORG = { purpose: "announcement", countMax: 20, windowSeconds: DAY_SECONDS };
const ofConnector = (id: string) => ({
  ...{ purpose: `announcement ${id}`, countMax: 3, windowSeconds: DAY_SECONDS },
});

const Announcement = z.object({
  note: z.string().trim().max(1000, "Use at most 1000 characters").default(""),
  /** How many it reaches: what whoever sends it was told. */
  reach: z.int().min(1, "There is nobody else who may use this connector"),
});

const ReachAnswer = z.object({ reach: z.int() });

/** `/api/orgs/:org/connectors/:slug/announcement`: mail to those who may use a connector, with how to connect. */
export function announcements({ db, vault, publicUrl }: Deps) {
  return new Hono<InOrg>()
    .get(
      "/:slug/announcement",
      operation("readAnnouncementReach", {
        summary: "Count whom an announcement of a connector would reach",
        needs: "change connectors",
        answers: ReachAnswer,
      }),
      async function read(c) {
        const userId = c.var.session.user.id;
        const people = await withOrg(db, c.var.membership.org.id, async (scope) =>
          listReached(scope, await findConnector(scope, c.req.param("slug")), userId),
        );
        return c.json({ reach: people.length });
      },
    )
    .post(
      "/:slug/announcement",
      operation("announceConnector", {
        summary: "Announce a connector by mail to those who may use it",
        needs: "change connectors",
        answers: ReachAnswer,
      }),
      jsonBody(Announcement),
      async function announce(c) {
        const { org } = c.var.membership;
        const { user } = c.var.session;
        const { note, reach } = c.req.valid("json");
        const reached = await withOrg(db, org.id, async (scope) => {
          const connector = await findConnector(scope, c.req.param("slug"));
          const people = await listReached(scope, connector, user.id);
          refuseUnlessTold(people.length, reach);
          await takeAnnouncement(scope, connector);
          const { slug, name } = connector;
          const endpoint = { slug, name, address: new URL(`/${org.slug}/${slug}/mcp`, publicUrl).href };
          const subject = `${name} is there for you to use`;
          const text = letter({ endpoint, note, by: signatureOf(user), org, publicUrl });
          await insertMails(
            scope.db,
            vault,
            people.map(({ email: to }) => ({ to, subject, text })),
          );
          const entry = { reached: people.length, note };
          const row = {
            event: "connector.announced" as const,
            outcome: "ok",
            userId: user.id,
            connectorId: connector.id,
          };
          await insertAudit(scope, { ...row, entry });
          return people.length;
        });
        return c.json({ reach: reached });
      },
    );
}

/** Everybody who may use it but whoever announces it. */
async function listReached(scope: OrgScope, { openTo }: Connector, userId: string): Promise<Member[]> {
  const teams = await listTeamsOfMembers(scope);
  const people = await listPeople(scope);
  return people.filter((one) => one.userId !== userId && isOpenTo(openTo, one.role, teams.get(one.userId)));
}

function refuseUnlessTold(reach: number, told: number): void {
  if (reach === told) return;
  const who = reach === 1 ? "one person" : `${reach} people`;
  throw new Fault("conflict", `It would reach ${who} by now. Look once more, and send it then`, { data: { reach } });
}

async function takeAnnouncement(scope: OrgScope, { id, name }: Connector): Promise<void> {
  const own = await takeMails(scope, ofConnector(id), 1);
  const all = await takeMails(scope, OF_ORG, 1);
  if (own.granted === 1 && all.granted === 1) return;
  const { moreAt } = own.granted === 0 ? own : all;
  const seconds = Math.max(1, Math.ceil((moreAt.getTime() - Date.now()) / 1000));
  const detail =
    own.granted === 0
      ? `${name} has been announced ${ofConnector(id).countMax} times within a day. Try again tomorrow`
      : `${OF_ORG.countMax} announcements a day are the most. Try again tomorrow`;
  throw new Fault("rate_limited", detail, { headers: { "retry-after": String(seconds) } });
}

interface Letter {
  endpoint: Endpoint;
  note: string;
  by: string;
  org: { slug: string; name: string };
  publicUrl: URL;
}

function letter({ endpoint, note, by, org, publicUrl }: Letter): string {
  const clients = CLIENTS.filter(
    ({ callsFromOutside, isForPrograms }) => !isForPrograms && (isPublic(publicUrl) || !callsFromOutside),
  );
  const paragraphs = [
    `${by} has opened ${endpoint.name} to you, a connector of ${org.name} for Claude and other MCP clients.`,
    ...(note ? [note] : []),
    `Its address, with which everybody signs in as themselves:\n\n    ${endpoint.address}`,
    ...clients.map((client) => stepsOf(client, endpoint)),
    `Other clients, and what you have connected: ${new URL(`/dashboard/${org.slug}/access`, publicUrl).href}`,
  ];
  return `${paragraphs.join("\n\n")}\n`;
}

function stepsOf({ name, steps }: ConnectingClient, endpoint: Endpoint): string {
  const lines = steps(endpoint).map(({ say, copy, press }, at) => {
    const given = copy?.text ?? press?.href;
    return `${at + 1}. ${say}${given ? `\n\n${given.replace(/^/gm, "    ")}\n` : ""}`;
  });
  return [name, ...lines].join("\n");
}

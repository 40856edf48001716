import { sql } from "kysely";
import type { OrgScope } from "./database.ts";

/** How far an org has come: nothing of it is stored by itself. */
export interface FirstSteps {
  /** The one that was registered first. */
  connector: { slug: string; name: string } | null;
  /** Its server has been seen. */
  isSeen: boolean;
  /** Somebody has decided on a tool, or there is none to decide on. */
  hasChosen: boolean;
  /** Somebody else is there, or invited. */
  hasInvited: boolean;
  /** A client has been let in, or given a token. */
  hasConnected: boolean;
}

export async function findFirstSteps(org: OrgScope): Promise<FirstSteps> {
  const { rows } = await sql<FirstSteps>`
    with first as (
      select id, slug, name, server_name from connectors
      where org_id = ${org.id} and archived_at is null order by id limit 1
    )
    select
      (select jsonb_build_object('slug', slug, 'name', name) from first) as connector,
      coalesce((select server_name <> '' from first), false) as "isSeen",
      exists (select from first where server_name <> ''
          and not exists (select from tools t where t.org_id = ${org.id} and t.connector_id = first.id))
        or exists (select from tools t where t.org_id = ${org.id}
          and (classification is not null or not offered or edits is not null or open_to is not null)) as "hasChosen",
      (select count(*) > 1 from memberships where org_id = ${org.id})
        or exists (select from invitations where org_id = ${org.id}) as "hasInvited",
      exists (select from grants where org_id = ${org.id})
        or exists (select from static_tokens where org_id = ${org.id}) as "hasConnected"`.execute(org.db);
  return rows[0]!;
}

-- Up Migration

-- Everything here belongs to orgs.

-- An API that is described by OpenAPI, whose operations are tools: the gateway is its MCP server.
alter table connectors drop constraint connectors_transport_check;
alter table connectors add constraint connectors_transport_check
  check (transport in ('streamable-http', 'http+sse', 'openapi'));
alter table connectors
  -- Where the description was found; null where it was pasted.
  add column description_url text,
  -- Who may use it, as {"roles": […], "teams": […]}; null is every member.
  add column open_to jsonb;

alter table tools
  -- The owner's layer over the definition.
  add column edits jsonb,
  -- As for connectors; a member needs both.
  add column open_to jsonb,
  -- Of an API's operation: what it is known by, how it is called, and what it is filed under.
  add column operation text,
  add column binding jsonb,
  add column tags text[] not null default '{}';

create table teams (
  id uuid primary key,
  org_id uuid not null references orgs,
  name text not null,
  created_at timestamptz not null default now()
);
create unique index teams_name on teams (org_id, lower(name));

create table team_members (
  org_id uuid not null references orgs,
  team_id uuid not null references teams on delete cascade,
  user_id uuid not null,
  primary key (team_id, user_id),
  -- Who leaves the org leaves its teams.
  foreign key (org_id, user_id) references memberships on delete cascade
);
create index team_members_member on team_members (org_id, user_id);

alter table teams enable row level security;
alter table teams force row level security;
alter table team_members enable row level security;
alter table team_members force row level security;
create policy own_org on teams using (org_id = (select current_org()));
create policy own_org on team_members using (org_id = (select current_org()));

create trigger note_change after insert or update or delete on teams
  for each row execute function note_change('org_id');
create trigger note_change after insert or update or delete on team_members
  for each row execute function note_change('org_id');

-- What a tool's arguments may be pinned to: of the org's own members, and of nobody else.
create function member_facts() returns table (user_id uuid, email text, name text)
  language sql stable security definer set search_path from current as $$
  select users.id, users.email, users.name from memberships join users on users.id = memberships.user_id
    where memberships.org_id = current_org()
$$;
revoke execute on function member_facts from public;
grant execute on function member_facts to gatehouse_gateway;

-- An API is not asked which era it speaks.
create or replace function connectors_due_for_probe(count_max int) returns table (org_id uuid, id uuid)
  language sql security definer set search_path from current as $$
  update connectors set probe_begun_at = now() where connectors.id in (
    select due.id from connectors due
    where due.archived_at is null and due.transport <> 'openapi'
      and due.probed_at < now() - interval '24 hours' and due.probe_begun_at < now() - interval '1 hour'
    order by due.probed_at limit count_max for update skip locked)
  returning connectors.org_id, connectors.id
$$;

grant select on teams, team_members to gatehouse_auth, gatehouse_gateway, gatehouse_dashboard;
grant insert, update, delete on teams, team_members to gatehouse_dashboard;

-- Down Migration

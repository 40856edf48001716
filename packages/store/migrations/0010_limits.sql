-- Up Migration

-- Global: plans, which auth, gateway and dashboard read, and auth writes, as the operators' commands.

-- What operators allow the orgs that have it, by whose calls are counted together: {"member": {"callsPerMinute": 1200}, …}.
create table plans (
  name text primary key check (name ~ '^[a-z0-9](-?[a-z0-9]){0,38}$'),
  limits jsonb not null
);
insert into plans (name, limits) values ('default', '{
  "org": {"callsPerSecond": 1000, "callsPerMinute": 12000, "concurrentCalls": 500},
  "member": {"callsPerSecond": 200, "callsPerMinute": 1200, "concurrentCalls": 200}
}');
alter table orgs add column plan text not null default 'default' references plans;

-- What an org's owners have set within its plan.
create table limits (
  org_id uuid not null references orgs,
  subject text not null check (subject in ('org', 'member', 'client', 'connector', 'tool')),
  -- Of this one alone; '' is of each. A tool is named by its connector's id, a slash and its name.
  subject_id text not null default '',
  amounts jsonb not null,
  primary key (org_id, subject, subject_id)
);

-- From the rows of the audit log, and of nothing else.
create table usage_hours (
  org_id uuid not null,
  hour timestamptz not null,
  user_id uuid not null,
  -- '' for a static token, and for a request that is about no tool.
  client text not null,
  connector_id uuid not null,
  tool text not null,
  calls bigint not null,
  errors bigint not null,
  -- Over a limit.
  refused bigint not null,
  bytes_in bigint not null,
  bytes_out bigint not null,
  duration_ms double precision not null,
  duration_ms_max double precision not null,
  primary key (org_id, hour, connector_id, tool, user_id, client)
);

-- Up to where each org's chain is in `usage_hours`.
create table usage_cursors (
  org_id uuid primary key,
  seq bigint not null
);

create function note_plan_change() returns trigger language plpgsql security definer set search_path from current as $$
begin
  insert into changes (org_id) select id from orgs where plan = new.name;
  return null;
end $$;
create trigger note_change after update on plans for each row execute function note_plan_change();
create trigger note_change after insert or update or delete on limits
  for each row execute function note_change('org_id');

alter table limits enable row level security;
alter table limits force row level security;
alter table usage_hours enable row level security;
alter table usage_hours force row level security;
alter table usage_cursors enable row level security;
alter table usage_cursors force row level security;

create policy own_org on limits using (org_id = (select current_org()));
create policy own_org on usage_hours for select using (org_id = (select current_org()));
create policy every_org on usage_hours to gatehouse_chain using (true) with check (true);
create policy every_org on usage_cursors to gatehouse_chain using (true) with check (true);
-- For note_plan_change alone: no app connects as the database's owner.
create policy every_org_for_triggers on orgs for select to current_user using (true);

grant select on plans to gatehouse_auth, gatehouse_gateway, gatehouse_dashboard;
grant insert, update on plans to gatehouse_auth;
grant update (plan) on orgs to gatehouse_auth;
grant select on limits to gatehouse_gateway, gatehouse_dashboard;
grant insert, update, delete on limits to gatehouse_dashboard;
grant select on usage_hours to gatehouse_gateway, gatehouse_dashboard;
grant select, insert, update, delete on usage_hours, usage_cursors to gatehouse_chain;

-- Down Migration

-- Up Migration

-- Global, as in 0001_house.sql:
--   operators   auth (as the operators' commands, which alone change it), dashboard (who is one)
--   replicas    auth, gateway, dashboard: each says of itself that it is there
-- Operators see of orgs what the functions below count, and nothing that orgs keep.

create table operators (
  user_id uuid primary key references users,
  added_at timestamptz not null default now()
);

-- The processes that run, as they last said of themselves.
create table replicas (
  id uuid primary key,
  apps text[] not null,
  host text not null,
  version text not null,
  started_at timestamptz not null,
  seen_at timestamptz not null default now(),
  -- What it depends on, each with how that is: {"postgres": "ok"}.
  dependencies jsonb not null
);

alter table orgs
  -- For its members it is gone, and nobody is admitted; what it kept secret is destroyed a moment later.
  add column deleted_at timestamptz,
  add column destroyed_at timestamptz;

-- How many calls took how long; the bounds are where they are counted (packages/store/src/usage.ts).
alter table usage_hours
  add column durations bigint[] not null default array_fill(0::bigint, array[13]) check (cardinality(durations) = 13);

-- `only_slug` is one slug; an empty text is no condition.
create function list_orgs_counted(search text, after text, only_slug text, count_max int)
  returns table (
    id uuid, slug text, name text, plan text, created_at timestamptz, suspended_at timestamptz, deleted_at timestamptz,
    members bigint, connectors bigint, calls bigint, errors bigint)
  language sql stable security definer set search_path from current as $$
  select o.id, o.slug, o.name, o.plan, o.created_at, o.suspended_at, o.deleted_at,
    (select count(*) from memberships m where m.org_id = o.id),
    (select count(*) from connectors c where c.org_id = o.id and c.archived_at is null),
    used.calls, used.errors
  from orgs o, lateral (
    select coalesce(sum(h.calls), 0)::bigint as calls, coalesce(sum(h.errors), 0)::bigint as errors
    from usage_hours h where h.org_id = o.id and h.hour > now() - interval '24 hours') used
  where o.slug > after and (only_slug = '' or o.slug = only_slug)
    and (search = '' or strpos(o.slug, lower(search)) > 0 or strpos(lower(o.name), lower(search)) > 0)
  order by o.slug limit count_max
$$;

-- What waits, and since when; one row.
create function count_waiting()
  returns table (
    audit bigint, audit_since timestamptz, mails bigint, mails_since timestamptz,
    revocations bigint, revocations_since timestamptz, deliveries bigint, deliveries_since timestamptz)
  language sql stable security definer set search_path from current as $$
  select * from
    (select count(*), min(at) from audit) a,
    (select count(*), min(created_at) from mails) m,
    (select count(*), min(due_at) from upstream_revocations) r,
    (select count(*), min(due_at) from audit_deliveries where attempts > 0 and not paused) d
$$;

create function list_outages_of_all()
  returns table (org text, connector text, since timestamptz)
  language sql stable security definer set search_path from current as $$
  select o.slug, c.slug, u.since from outages u join orgs o on o.id = u.org_id join connectors c on c.id = u.connector_id
  where u.seen_at > now() - interval '2 minutes' and c.archived_at is null
  order by u.since
$$;

-- Deleted orgs whose upstreams have been told, or have had half a minute to listen.
create function orgs_to_destroy() returns setof uuid
  language sql stable security definer set search_path from current as $$
  select id from orgs o
  where deleted_at is not null and destroyed_at is null
    and (deleted_at < now() - interval '30 seconds'
      or not exists (select from upstream_revocations r where r.org_id = o.id))
$$;

revoke execute on function list_orgs_counted, count_waiting, list_outages_of_all, orgs_to_destroy from public;
grant execute on function list_orgs_counted, count_waiting, list_outages_of_all, orgs_to_destroy to gatehouse_dashboard;

-- For the functions above alone: no app connects as the database's owner.
create policy counted on memberships for select to current_user using (true);
create policy counted on usage_hours for select to current_user using (true);
create policy counted on outages for select to current_user using (true);
create policy counted on audit for select to current_user using (true);
create policy counted on audit_deliveries for select to current_user using (true);

grant select, insert, delete on operators to gatehouse_auth;
grant select on operators to gatehouse_dashboard;
grant select, insert, update, delete on replicas to gatehouse_auth, gatehouse_gateway, gatehouse_dashboard;
grant insert, update on plans to gatehouse_dashboard;
grant update (name, plan, suspended_at, deleted_at, destroyed_at) on orgs to gatehouse_dashboard;
grant update (deleted_at, destroyed_at) on orgs to gatehouse_auth;

-- Down Migration

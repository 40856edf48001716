-- Up Migration

-- What the management API keeps of those who call it. No table here is global.

-- What a service account may do there, by tokens with its scopes. Owners are people.
alter table service_accounts
  add column role text not null default 'member' check (role in ('admin', 'member', 'auditor'));

-- Whoever does something is a principal, as in the audit log: a member or a service account.
alter table static_tokens drop constraint static_tokens_created_by_fkey;
alter table service_accounts drop constraint service_accounts_created_by_fkey;
alter table invitations drop constraint invitations_invited_by_fkey;
alter table clients drop constraint clients_decided_by_fkey;
alter table credentials drop constraint credentials_set_by_fkey;

grant select on service_accounts to gatehouse_auth;
grant update (last_used_at) on static_tokens to gatehouse_dashboard;

-- What was answered to a request that came with an Idempotency-Key, for a day.
create table idempotency_keys (
  org_id uuid not null references orgs,
  caller_id uuid not null,
  key_hash bytea not null,
  -- Of the whole request: another one under the same key is refused.
  request_hash bytea not null,
  -- Null while it is under way.
  status int,
  -- It may hold a secret, which is shown once.
  sealed bytea,
  created_at timestamptz not null default now(),
  primary key (org_id, caller_id, key_hash),
  check ((status is null) = (sealed is null))
);

-- Who changed what last, by the path that shows it, and what is being changed at the moment.
create table resource_changes (
  org_id uuid not null references orgs,
  path text not null,
  changed_by uuid,
  changed_at timestamptz,
  busy_until timestamptz,
  primary key (org_id, path)
);

alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
alter table resource_changes enable row level security;
alter table resource_changes force row level security;

create policy own_org on idempotency_keys using (org_id = (select current_org()));
create policy own_org on resource_changes using (org_id = (select current_org()));

grant select, insert, update, delete on idempotency_keys, resource_changes to gatehouse_dashboard;

-- Down Migration

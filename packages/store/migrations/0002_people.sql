-- Up Migration

-- Global, each with the roles that may read it:
--   mails            auth; the dashboard may only add to it

-- What waits to be sent. Whom to and what it says is sealed by the vault: it may hold a link that opens an account.
create table mails (
  id uuid primary key,
  sealed bytea not null,
  attempts int not null default 0,
  due_at timestamptz not null default now(),
  created_at timestamptz not null default now()
);
create index mails_due on mails (due_at);

grant select, insert, update, delete on mails to gatehouse_auth;
grant insert on mails to gatehouse_dashboard;

-- Down Migration

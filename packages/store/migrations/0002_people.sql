-- Up Migration

-- Global, each with the roles that may read it:
--   mails            auth; the dashboard may only add to it
--   mailed_links     auth
--   attempts         auth
--   browsers         auth; the dashboard may say that one was seen
-- Besides, auth finds an invitation by its token, without knowing the org.

-- What waits to be sent. Whom to and what it says is sealed by the vault: it may hold a link that opens an account.
create table mails (
  id uuid primary key,
  sealed bytea not null,
  attempts int not null default 0,
  due_at timestamptz not null default now(),
  created_at timestamptz not null default now()
);
create index mails_due on mails (due_at);

-- Links that prove who reads a mailbox. `token_hash` is SHA-256 of what is in the link; a link that is used is gone.
create table mailed_links (
  token_hash bytea primary key,
  purpose text not null check (purpose in ('sign_up', 'reset_password', 'change_email')),
  -- The mailbox that the link was sent to.
  email text not null check (email = lower(email)),
  -- Whose account it is about; null where it is to be made.
  user_id uuid references users,
  expires_at timestamptz not null
);
create index mailed_links_user on mailed_links (user_id);
create index mailed_links_expiry on mailed_links (expires_at);

-- Points of those who guess. `key_hash` tells neither whom they guess at nor where from. If it is lost, they begin anew.
create unlogged table attempts (
  key_hash bytea primary key,
  count int not null,
  expires_at timestamptz not null
);
create index attempts_expiry on attempts (expires_at);

-- A browser that somebody is signed in with: what they recognise it by. `session_hash` is SHA-256 of the name of its
-- session in `oidc_records`, and without that it says nothing.
create table browsers (
  session_hash bytea primary key,
  user_id uuid not null references users,
  user_agent text not null,
  signed_in_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now()
);
create index browsers_user on browsers (user_id);

-- The dashboard's own session ends with that of the browser it was begun in.
alter table browser_sessions add column session_hash bytea;
create index browser_sessions_session on browser_sessions (session_hash);
create index browser_sessions_user on browser_sessions (user_id);

create table invitations (
  id uuid primary key,
  org_id uuid not null references orgs,
  email text not null check (email = lower(email)),
  role text not null check (role in ('owner', 'admin', 'member', 'auditor')),
  token_hash bytea not null,
  invited_by uuid not null references users,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create unique index invitations_email on invitations (org_id, email);
create unique index invitations_token on invitations (token_hash);

alter table invitations enable row level security;
alter table invitations force row level security;
create policy own_org on invitations using (org_id = (select current_org()));
create policy by_token on invitations for select to gatehouse_auth using (true);
create policy own_memberships_at_sign_in on memberships for select to gatehouse_auth
  using (user_id = (select current_member()));

grant select, insert, update, delete on mails, mailed_links, attempts, browsers to gatehouse_auth;
grant insert on mails to gatehouse_dashboard;
grant select (session_hash), update (last_seen_at) on browsers to gatehouse_dashboard;
grant select (id_hash, user_id, session_hash), delete on browser_sessions to gatehouse_auth;
grant insert on orgs, memberships to gatehouse_auth;
grant update (role), delete on memberships to gatehouse_dashboard;
grant select, insert, update, delete on invitations to gatehouse_dashboard;
grant select, delete on invitations to gatehouse_auth;

-- Down Migration

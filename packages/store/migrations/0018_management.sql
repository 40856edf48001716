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

-- Down Migration

-- Up Migration

-- No table here is global but signing_keys, which 0001 tells of.

alter table orgs
  -- An operator's doing: nobody calls, connects or refreshes at its endpoints.
  add column suspended_at timestamptz,
  -- What its owners have set for tokens; null is the deployment's own. The ends of revocations and of signing keys count on it
  -- that no access token lives longer than twelve hours.
  add column access_token_ttl_seconds int check (access_token_ttl_seconds between 300 and 43200),
  add column refresh_token_ttl_seconds int check (refresh_token_ttl_seconds between 3600 and 7776000),
  add column refresh_token_ttl_seconds_max int check (refresh_token_ttl_seconds_max between 86400 and 31536000);

grant update (suspended_at) on orgs to gatehouse_auth;
grant update (access_token_ttl_seconds, refresh_token_ttl_seconds, refresh_token_ttl_seconds_max)
  on orgs to gatehouse_dashboard;

-- A key is published from `created_at`, signs from `signs_from` until `signs_until`, and goes when the last token that it
-- signed has run out. One without `signs_from` is the next.
alter table signing_keys
  add column signs_from timestamptz,
  add column signs_until timestamptz,
  alter column private_jwk drop not null;
update signing_keys set signs_from = created_at;
create unique index signing_keys_next on signing_keys ((true)) where signs_from is null;

grant update (signs_from, signs_until, private_jwk), delete on signing_keys to gatehouse_auth;

-- Down Migration

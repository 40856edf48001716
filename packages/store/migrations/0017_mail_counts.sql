-- Up Migration

-- How much mail an org has sent of late, by what it is for. Nothing that a gateway needs to know.
create table mail_counts (
  org_id uuid not null references orgs,
  purpose text not null,
  count int not null,
  expires_at timestamptz not null,
  primary key (org_id, purpose)
);

alter table mail_counts enable row level security, force row level security;
create policy own_org on mail_counts
  using (org_id = (select nullif(current_setting('app.org_id', true), '')::uuid));
grant select, insert, update on mail_counts to gatehouse_dashboard;

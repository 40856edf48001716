-- Up Migration

-- Upstreams that do not answer, as the gateways see it; nothing that anybody has decided, so no snapshot is read again.
create table outages (
  org_id uuid not null references orgs,
  connector_id uuid primary key references connectors,
  reason text not null,
  since timestamptz not null default now(),
  -- When one last saw that it still is so: a gateway that is gone cannot take back what it said.
  seen_at timestamptz not null default now()
);

alter table outages enable row level security, force row level security;
create policy own_org on outages
  using (org_id = (select nullif(current_setting('app.org_id', true), '')::uuid));
grant select, insert, update, delete on outages to gatehouse_gateway;
grant select on outages to gatehouse_dashboard;

-- Up Migration

-- What operators change belongs to no org: it stands there under the id that is nobody's.
alter table resource_changes drop constraint resource_changes_org_id_fkey;

-- Down Migration

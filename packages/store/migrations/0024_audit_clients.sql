-- Up Migration

-- No new tables. What is not a call once named its client `client_id`, which is not among the terms that rows are searched by;
-- rows are never changed, so these are found by what they say. No row is written so any more, and none comes in here.
create index audit_log_client_id on audit_log (org_id, (entry ->> 'client_id'), id)
  where client is null and event <> 'call' and entry ->> 'client_id' is not null;

-- Down Migration

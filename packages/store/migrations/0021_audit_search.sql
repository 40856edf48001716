-- Up Migration

-- No new tables. An error's text is looked for in this index alone, whatever else the row has to say: few rows have an error, and
-- what is here of each fits a page of the index at its longest. Clients, tokens and addresses would not.
drop index audit_log_error;
create index audit_log_error on audit_log (org_id, id) include (error, event, outcome, user_id, connector_id, tool)
  where error is not null;

-- Down Migration

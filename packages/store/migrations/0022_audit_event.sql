-- Up Migration

-- Errors' texts are in small letters where they are searched: to make them so takes longer than to look through them.
update audit_log set error = lower(error) where error is not null;

-- Most rows are calls, and come one after the other. What else is asked of the other events is answered by their index alone.
drop index audit_log_event;
create index audit_log_call on audit_log (org_id, id) where event = 'call';
create index audit_log_event on audit_log (org_id, event, id) include (connector_id, user_id, outcome)
  where event <> 'call';

-- Down Migration

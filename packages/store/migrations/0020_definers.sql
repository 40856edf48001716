-- What runs with the rights of the database's owner looks for tables in pg_temp last, where its caller may have made some
-- of the same name: a search path that does not name it has it first.

do $$
declare definer regprocedure;
begin
  for definer in
    select oid from pg_proc where prosecdef and pronamespace = current_schema()::regnamespace
  loop
    execute format('alter function %s set search_path = %I, pg_temp', definer, current_schema());
  end loop;
end $$;

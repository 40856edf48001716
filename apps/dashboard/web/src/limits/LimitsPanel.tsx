import { useQuery } from "@tanstack/react-query";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import type { Limited } from "./amounts.ts";
import { LimitRow } from "./LimitRow.tsx";
import classes from "./limits.module.css";
import { limitsQuery } from "./use-limits.ts";

/** The limits of one thing, on its own page. */
export function LimitsPanel({ org, subject, what }: { org: string; subject: Limited; what: string }) {
  const { data, error, refetch } = useQuery(limitsQuery(org));
  return (
    <Panel flush title="Limits" lead={`How much may be called of ${what}, by everybody together.`}>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !data && <Loading />}
      {data && (
        <ul className={classes.list}>
          <LimitRow org={org} title={`All calls of ${what}`} limited={subject} data={data} />
        </ul>
      )}
    </Panel>
  );
}

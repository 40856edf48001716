import { Navigate } from "@tanstack/react-router";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import { Checklist } from "./Checklist.tsx";
import { stepsLeft, useFirstSteps } from "./use-first-steps.ts";

/** Leads an org to its first call. Once there is nothing left to do, and for members, the connectors are in its place. */
export function FirstStepsPage() {
  const org = useOrg()!;
  const { data: progress, error, refetch } = useFirstSteps();
  const isOver = !org.mayChange || (progress && stepsLeft(progress) === 0);
  if (isOver) return <Navigate to="/$org/connectors" params={{ org: org.slug }} replace />;
  return (
    <Page title="Start" lead={`From here to a colleague's first call, in five steps. You can leave, and go on later.`}>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !progress && <Loading />}
      {progress && <Checklist org={org.slug} progress={progress} />}
    </Page>
  );
}

import { Button, Group } from "@mantine/core";
import { IconCircleCheckFilled, IconCircleDashed } from "@tabler/icons-react";
import { Link, Navigate, useParams } from "@tanstack/react-router";
import type { FirstSteps } from "../api/org/org.ts";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import { Failure, Loading, NotFound } from "../ui/states.tsx";
import { ConnectStep } from "./ConnectStep.tsx";
import { FoundStep } from "./FoundStep.tsx";
import classes from "./first-steps.module.css";
import { InviteStep } from "./InviteStep.tsx";
import { RegisterStep } from "./RegisterStep.tsx";
import { ToolsStep } from "./ToolsStep.tsx";
import { STEPS, useFirstSteps } from "./use-first-steps.ts";

const CONNECTING_MS = 4000;

/** One of the first steps, the ways to the others, and to the next. */
export function StepPage() {
  const org = useOrg()!;
  const { step: id } = useParams({ from: "/signed-in/$org/start/$step" });
  const { data: progress, error, refetch } = useFirstSteps(id === "connect" ? { everyMs: CONNECTING_MS } : {});
  const at = STEPS.findIndex((step) => step.id === id);
  const step = STEPS[at];
  if (!org.mayChange || !step) return <NotFound />;
  if (progress && !progress.connector && at > 0)
    return <Navigate to="/$org/start/$step" params={{ org: org.slug, step: "register" }} replace />;
  return (
    <Page title={step.title} lead={step.about} back={{ label: "Start", href: `/${org.slug}` }}>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !progress && <Loading />}
      {progress && (
        <>
          <Progress org={org.slug} progress={progress} />
          <StepContent org={org} id={id} progress={progress} />
          {progress.connector && <GoOn org={org.slug} at={at} isDone={step.isDone(progress)} />}
        </>
      )}
    </Page>
  );
}

export interface StepProps {
  org: NonNullable<ReturnType<typeof useOrg>>;
  /** The one that the steps are about. */
  slug: string;
}

function StepContent({ org, id, progress }: { org: StepProps["org"]; id: string; progress: FirstSteps }) {
  const { connector, hasConnected } = progress;
  if (!connector || id === "register") return <RegisterStep org={org.slug} connector={connector} />;
  const { slug } = connector;
  if (id === "found") return <FoundStep org={org} slug={slug} />;
  if (id === "tools") return <ToolsStep org={org} slug={slug} />;
  if (id === "invite") return <InviteStep org={org} />;
  return <ConnectStep org={org} slug={slug} hasConnected={hasConnected} />;
}

function Progress({ org, progress }: { org: string; progress: FirstSteps }) {
  return (
    <nav aria-label="Steps">
      <ol className={classes.progress}>
        {STEPS.map(({ id, title, isDone }) => (
          <li key={id}>
            <Link to="/$org/start/$step" params={{ org, step: id }} activeProps={{ "aria-current": "step" }}>
              {isDone(progress) ? (
                <IconCircleCheckFilled className={classes.done} size={16} aria-label="Done:" role="img" />
              ) : (
                <IconCircleDashed size={16} aria-label="To do:" role="img" />
              )}
              {title}
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function GoOn({ org, at, isDone }: { org: string; at: number; isDone: boolean }) {
  const next = STEPS[at + 1];
  if (!next && !isDone) return null;
  const to = next ? `/${org}/start/${next.id}` : `/${org}/connectors`;
  return (
    <Group>
      <Button component={Link} to={to} variant={isDone ? "filled" : "default"}>
        {next ? `Next: ${next.title.toLowerCase().replace("claude", "Claude")}` : "To the connectors"}
      </Button>
    </Group>
  );
}

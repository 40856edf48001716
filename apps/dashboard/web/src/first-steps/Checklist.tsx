import { Button, Text } from "@mantine/core";
import { IconCircleCheckFilled, IconCircleDashed } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { FirstSteps } from "../api/org/org.ts";
import panel from "../ui/panel.module.css";
import classes from "./first-steps.module.css";
import { STEPS } from "./use-first-steps.ts";

/** What is done, and the way to what is next. */
export function Checklist({ org, progress }: { org: string; progress: FirstSteps }) {
  const next = STEPS.find(({ isDone }) => !isDone(progress));
  const isStarted = progress.connector !== null;
  return (
    <ol className={`${panel.panel} ${classes.checklist}`}>
      {STEPS.map(({ id, title, about, isDone }) => (
        <li key={id} className={classes.step}>
          <Mark done={isDone(progress)} />
          <div>
            <Text fw={600} size="sm">
              {isStarted || id === "register" ? (
                <Link to="/$org/start/$step" params={{ org, step: id }} className={classes.name}>
                  {title}
                </Link>
              ) : (
                title
              )}
            </Text>
            <Text size="sm" c="dimmed">
              {about}
            </Text>
          </div>
          {id === next?.id && (
            <Button component={Link} to={`/${org}/start/${id}`} size="sm" className={classes.go}>
              {isStarted ? "Go on" : "Begin"}
            </Button>
          )}
        </li>
      ))}
    </ol>
  );
}

function Mark({ done }: { done: boolean }) {
  if (done) return <IconCircleCheckFilled className={classes.done} size={22} aria-label="Done:" role="img" />;
  return <IconCircleDashed className={classes.open} size={22} aria-label="To do:" role="img" />;
}

import { Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";
import classes from "./panel.module.css";

/** A framed part of a page, with its own heading. `flush` lets a list run to the frame. */
export function Panel({ title, lead, flush, children }: PanelProps) {
  const heading = useId();
  return (
    <section className={classes.panel} aria-labelledby={heading}>
      <Stack gap={2} p="lg" pb={flush ? "sm" : 0}>
        <Title order={2} id={heading}>
          {title}
        </Title>
        {lead && (
          <Text size="sm" c="dimmed">
            {lead}
          </Text>
        )}
      </Stack>
      <div className={flush ? undefined : classes.padded}>{children}</div>
    </section>
  );
}

interface PanelProps {
  title: string;
  lead?: ReactNode;
  flush?: boolean;
  children: ReactNode;
}

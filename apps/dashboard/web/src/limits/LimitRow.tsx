import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { Limits } from "../api/usage/limits.ts";
import { inWords, type Limited, planFor, setFor } from "./amounts.ts";
import { LimitForm } from "./LimitForm.tsx";
import classes from "./limits.module.css";

/** What one subject is limited to, and the form to change it. */
export function LimitRow({
  org,
  title,
  limited,
  data,
}: {
  org: string;
  title: string;
  limited: Limited;
  data: Limits;
}) {
  const [isOpen, setOpen] = useState(false);
  const set = setFor(data, limited);
  const plan = planFor(data, limited.subject);
  return (
    <li className={classes.row}>
      <Group justify="space-between" wrap="nowrap" align="flex-start" gap="md">
        <Stack gap={2} miw={0}>
          <Text size="sm" fw={600} className={classes.name}>
            {title}
          </Text>
          <Text size="sm" c="dimmed">
            {inWords({ ...plan, ...set }) ?? "No limit"}
            {Object.keys(set).length === 0 && Object.keys(plan).length > 0 && " (your plan)"}
          </Text>
        </Stack>
        {!isOpen && (
          <Button
            flex="none"
            size="compact-sm"
            variant="default"
            onClick={() => setOpen(true)}
            aria-label={`Change the limits of ${title}`}
          >
            Change
          </Button>
        )}
      </Group>
      {isOpen && <LimitForm {...{ org, limited, set, plan }} onDone={() => setOpen(false)} />}
    </li>
  );
}

import { Button, Group, Stack, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { listPlans, type Plan } from "../api/org/platform.ts";
import { inWords } from "../limits/amounts.ts";
import { Page } from "../ui/Page.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import { PlanForm } from "./PlanForm.tsx";
import { type Limits, SUBJECTS } from "./subjects.ts";

export const plansQuery = queryOptions({ queryKey: ["platform", "plans"], queryFn: listPlans });

/** What orgs are allowed. */
export function PlansPage() {
  const { data, error, refetch } = useQuery(plansQuery);
  const [isAdding, setAdding] = useState(false);
  return (
    <Page
      title="Plans"
      lead="What you change counts within a second, for every organisation that has the plan."
      actions={
        !isAdding && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
            New plan
          </Button>
        )
      }
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !data && <Loading />}
      {isAdding && (
        <Panel title="New plan">
          <PlanForm onDone={() => setAdding(false)} />
        </Panel>
      )}
      {data?.plans.map((plan) => (
        <OnePlan key={plan.name} plan={plan} />
      ))}
    </Page>
  );
}

function OnePlan({ plan }: { plan: Plan }) {
  const [isChanging, setChanging] = useState(false);
  const limits = plan.limits as Limits;
  return (
    <Panel title={plan.name}>
      {isChanging ? (
        <PlanForm plan={{ ...plan, limits }} onDone={() => setChanging(false)} />
      ) : (
        <Group justify="space-between" align="flex-start" gap="sm">
          <Stack gap={4}>
            {SUBJECTS.map(({ subject, label }) => (
              <Text key={subject} size="sm">
                {label}:{" "}
                <Text span size="sm" c="dimmed">
                  {inWords(limits[subject] ?? {}) ?? "no limit"}
                </Text>
              </Text>
            ))}
          </Stack>
          <Button
            variant="default"
            size="compact-sm"
            aria-label={`Change the plan ${plan.name}`}
            onClick={() => setChanging(true)}
          >
            Change
          </Button>
        </Group>
      )}
    </Panel>
  );
}

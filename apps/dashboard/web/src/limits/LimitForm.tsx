import { Button, Group, NumberInput, SimpleGrid, Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiProblem } from "../api/problem.ts";
import { NotSaved } from "../ui/NotSaved.tsx";
import { AMOUNTS, type Amount, type Amounts, type Limited, NAMES } from "./amounts.ts";
import { limitsQuery, useChange } from "./use-limits.ts";

interface LimitFormProps {
  org: string;
  limited: Limited;
  set: Amounts;
  /** What the plan allows. */
  plan: Amounts;
  onDone: () => void;
}

export function LimitForm({ org, limited, set, plan, onDone }: LimitFormProps) {
  const [wanted, setWanted] = useState(set);
  const queryClient = useQueryClient();
  const [etag] = useState(() => queryClient.getQueryData(limitsQuery(org).queryKey)?.etag ?? null);
  const { mutate, error, isPending, variables } = useChange(org, limited, onDone);
  const problems = error instanceof ApiProblem ? error.fields : {};
  const isEmpty = Object.keys(set).length === 0;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        mutate({ amounts: wanted, etag });
      }}
    >
      <Stack gap="md">
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm">
          {NAMES.map((name) => (
            <AmountInput
              key={name}
              {...{ name, plan: plan[name], problem: problems[`amounts.${name}`] }}
              value={wanted[name]}
              onChange={(value) => setWanted(withAmount(wanted, name, value))}
            />
          ))}
        </SimpleGrid>
        {error && Object.keys(problems).length === 0 && (
          <NotSaved
            error={error}
            pending={isPending}
            onTheirs={() => queryClient.invalidateQueries({ queryKey: limitsQuery(org).queryKey }).then(onDone)}
            onMine={() => mutate({ amounts: variables!.amounts, etag: null })}
          />
        )}
        <Group gap="xs">
          <Button type="submit" size="xs" loading={isPending}>
            Save
          </Button>
          <Button size="xs" variant="default" onClick={onDone}>
            Cancel
          </Button>
          {!isEmpty && (
            <Button size="xs" variant="subtle" color="red" onClick={() => mutate({ amounts: {}, etag })}>
              Remove
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}

interface AmountInputProps {
  name: Amount;
  value: number | undefined;
  plan: number | undefined;
  problem: string | undefined;
  onChange: (value: number | undefined) => void;
}

function AmountInput({ name, value, plan, problem, onChange }: AmountInputProps) {
  const { label, unit } = AMOUNTS[name];
  return (
    <NumberInput
      label={label}
      description={plan === undefined ? "No limit by your plan" : `Your plan: ${(plan / unit).toLocaleString("en")}`}
      value={value === undefined ? "" : value / unit}
      onChange={(typed) => onChange(typeof typed === "number" ? Math.round(typed * unit) : undefined)}
      error={problem}
      {...(unit === 1 ? { min: 1 } : {})}
      allowNegative={false}
      allowDecimal={unit > 1}
      thousandSeparator=","
      hideControls
    />
  );
}

function withAmount(amounts: Amounts, name: Amount, value: number | undefined): Amounts {
  const { [name]: _, ...others } = amounts;
  return value === undefined ? others : { ...others, [name]: value };
}

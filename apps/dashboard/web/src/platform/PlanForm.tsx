import { Button, Fieldset, Group, NumberInput, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changePlan, makePlan } from "../api/org/platform.ts";
import { ApiProblem } from "../api/problem.ts";
import { AMOUNTS, type Amount, type Amounts, NAMES } from "../limits/amounts.ts";
import { NotSaved } from "../ui/NotSaved.tsx";
import { type Limits, SUBJECTS } from "./subjects.ts";

interface PlanFormProps {
  /** One that is there, whose name stays. */
  plan?: { name: string; limits: Limits; etag: string };
  onDone: () => void;
}

export function PlanForm({ plan, onDone }: PlanFormProps) {
  const [name, setName] = useState(plan?.name ?? "");
  const [limits, setLimits] = useState<Limits>(plan?.limits ?? {});
  const queryClient = useQueryClient();
  const done = () => queryClient.invalidateQueries({ queryKey: ["platform"] }).then(onDone);
  const { mutate, error, isPending } = useMutation({
    mutationFn: (etag: string | null) => (plan ? changePlan(name, limits, etag) : makePlan({ name, limits })),
    onSuccess: done,
  });
  const [shown] = useState(plan?.etag ?? null);
  const problems = error instanceof ApiProblem ? error.fields : {};
  const isNamed = /^[a-z0-9](-?[a-z0-9]){0,38}$/.test(name);
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (isNamed) mutate(shown);
      }}
    >
      <Stack gap="md">
        {!plan && (
          <TextInput
            label="Name"
            maw={320}
            value={name}
            error={
              name !== "" && !isNamed ? "Use lower-case letters, digits and single hyphens, 39 at most" : problems.name
            }
            autoComplete="off"
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        {SUBJECTS.map(({ subject, label }) => (
          <AmountFields
            key={subject}
            legend={label}
            amounts={limits[subject] ?? {}}
            problemOf={(amount) => problems[`limits.${subject}.${amount}`]}
            onChange={(amounts) => setLimits({ ...limits, [subject]: amounts })}
          />
        ))}
        {error && Object.keys(problems).length === 0 && (
          <NotSaved error={error} pending={isPending} onTheirs={done} onMine={() => mutate(null)} />
        )}
        <Group gap="xs">
          <Button type="submit" loading={isPending} disabled={!isNamed}>
            Save
          </Button>
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface AmountFieldsProps {
  legend: string;
  amounts: Amounts;
  problemOf: (amount: Amount) => string | undefined;
  onChange: (amounts: Amounts) => void;
}

/** What is left empty has no limit. */
function AmountFields({ legend, amounts, problemOf, onChange }: AmountFieldsProps) {
  const change = (name: Amount, typed: string | number) => {
    const { [name]: _, ...others } = amounts;
    onChange(typeof typed === "number" ? { ...others, [name]: Math.round(typed * AMOUNTS[name].unit) } : others);
  };
  return (
    <Fieldset legend={legend}>
      <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="sm" style={{ alignItems: "end" }}>
        {NAMES.map((name) => (
          <NumberInput
            key={name}
            size="sm"
            label={AMOUNTS[name].label}
            placeholder="no limit"
            value={amounts[name] === undefined ? "" : amounts[name] / AMOUNTS[name].unit}
            error={problemOf(name)}
            allowNegative={false}
            allowDecimal={AMOUNTS[name].unit > 1}
            thousandSeparator=","
            hideControls
            onChange={(typed) => change(name, typed)}
          />
        ))}
      </SimpleGrid>
    </Fieldset>
  );
}

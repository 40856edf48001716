import { Button, Group, Text, TextInput } from "@mantine/core";
import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiProblem } from "../api.ts";
import { Failure } from "./states.tsx";

interface NameFormProps {
  /** What it is called now. */
  name: string;
  label: string;
  save: (name: string) => Promise<void>;
  /** What is read again then. */
  changes: QueryKey;
}

export function NameForm({ name, label, save, changes }: NameFormProps) {
  const [wanted, setWanted] = useState(name);
  const queryClient = useQueryClient();
  const { mutate, error, isPending } = useMutation({
    mutationFn: () => save(wanted),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: changes }),
  });
  const problem = error instanceof ApiProblem ? error.fields.name : undefined;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        mutate();
      }}
    >
      {error && !problem && <Failure error={error} />}
      <Group gap="sm" align="flex-start">
        <TextInput
          flex="1 1 14rem"
          maw={400}
          aria-label={label}
          value={wanted}
          error={problem}
          autoComplete="off"
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
        <Button type="submit" loading={isPending} disabled={wanted.trim() === name}>
          Save
        </Button>
        <Text size="sm" c="dimmed" mt={8} role="status">
          {wanted.trim() === name ? "" : "Not saved yet"}
        </Text>
      </Group>
    </form>
  );
}

import { Button, Group, Text, TextInput } from "@mantine/core";
import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiProblem } from "../api/problem.ts";
import { NotSaved } from "./NotSaved.tsx";
import { useEdit } from "./use-edit.ts";

interface NameFormProps {
  /** What it is called now. */
  name: string;
  label: string;
  /** In the place of the name that was `shown`, or, where that is `null`, of whichever there is. */
  save: (name: string, shown: string | null) => Promise<void>;
  /** What is read again then. */
  changes: QueryKey;
}

export function NameForm({ name, label, save, changes }: NameFormProps) {
  const { fields: wanted, setFields: setWanted, base, reset: giveUp } = useEdit(name, (name) => name);
  const queryClient = useQueryClient();
  const readAgain = () => queryClient.invalidateQueries({ queryKey: changes });
  const { mutate, reset, error, isPending } = useMutation({
    mutationFn: (shown: string | null) => save(wanted, shown),
    onSuccess: readAgain,
  });
  const problem = error instanceof ApiProblem ? error.fields.name : undefined;

  async function seeTheirs(): Promise<void> {
    await readAgain();
    reset();
    giveUp();
  }

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        mutate(base);
      }}
    >
      {error && !problem && (
        <NotSaved error={error} pending={isPending} onTheirs={seeTheirs} onMine={() => mutate(null)} />
      )}
      <Group gap="sm" align="flex-start">
        <TextInput
          flex="1 1 12rem"
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

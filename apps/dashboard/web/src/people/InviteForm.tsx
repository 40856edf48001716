import { Button, Group, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { ApiProblem, type Role } from "../api.ts";
import panel from "../ui/panel.module.css";
import { Failure } from "../ui/states.tsx";
import { mayOf, rolesFor } from "./roles.ts";
import { usePeople } from "./use-people.ts";

interface InviteFormProps {
  org: { slug: string; role: Role };
  onDone: () => void;
}

export function InviteForm({ org, onDone }: InviteFormProps) {
  const { invite } = usePeople(org.slug);
  const form = useForm<{ email: string; role: Role }>({ initialValues: { email: "", role: "member" } });

  function send(fields: { email: string; role: Role }): void {
    invite.mutate(fields, {
      onSuccess: onDone,
      onError: (error) => error instanceof ApiProblem && form.setErrors(error.fields),
    });
  }

  const { error } = invite;
  const isPlaced = error instanceof ApiProblem && ("email" in error.fields || "role" in error.fields);
  return (
    <form className={`${panel.panel} ${panel.form}`} onSubmit={form.onSubmit(send)} noValidate aria-label="Invite">
      <Stack gap="lg" p="lg">
        {error && !isPlaced && <Failure error={error} />}
        <TextInput
          name="email"
          type="email"
          label="Email"
          description="Whom to send the link to"
          placeholder="ada@example.com"
          autoComplete="off"
          autoFocus
          {...form.getInputProps("email")}
        />
        <NativeSelect
          name="role"
          label="Role"
          description={`This role ${mayOf(form.values.role)}`}
          data={rolesFor(org.role).map(({ value, label }) => ({ value, label }))}
          {...form.getInputProps("role")}
        />
        <Group>
          <Button type="submit" loading={invite.isPending}>
            Send invitation
          </Button>
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

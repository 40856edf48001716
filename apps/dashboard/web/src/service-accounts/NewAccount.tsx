import { Button, Group, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { createServiceAccount, type NewServiceAccount } from "../api/clients/service-accounts.ts";
import { ApiProblem } from "../api/problem.ts";
import { rolesFor } from "../people/roles.ts";
import panel from "../ui/panel.module.css";
import { Failure } from "../ui/states.tsx";

const INITIAL: NewServiceAccount = { name: "", role: "member" };

const roles = rolesFor("admin").map(({ value, label, may }) => ({ value, label: `${label}: ${may}` }));

export function NewAccount({ org, onDone }: { org: string; onDone: () => void }) {
  const queryClient = useQueryClient();
  const form = useForm({ initialValues: INITIAL });
  const create = useMutation({
    mutationFn: (fields: NewServiceAccount) => createServiceAccount(org, fields),
    async onSuccess() {
      await queryClient.invalidateQueries({ queryKey: ["service-accounts", org] });
      onDone();
    },
    onError(error) {
      if (error instanceof ApiProblem) form.setErrors(error.fields);
    },
  });
  const unplaced = create.error && !(create.error instanceof ApiProblem && "name" in create.error.fields);
  return (
    <form
      className={`${panel.panel} ${panel.form}`}
      onSubmit={form.onSubmit((fields) => create.mutate(fields))}
      noValidate
      aria-label="New service account"
    >
      <Stack gap="md" p="lg">
        {unplaced && <Failure error={create.error} />}
        <TextInput
          name="name"
          label="Name"
          description="As it stands in the audit log"
          placeholder="Deployment"
          autoComplete="off"
          autoFocus
          {...form.getInputProps("name")}
        />
        <NativeSelect
          label="Role in the management API"
          description="What its tokens may do there, if it gets any for it"
          data={roles}
          {...form.getInputProps("role")}
        />
        <Group>
          <Button type="submit" loading={create.isPending}>
            Create
          </Button>
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

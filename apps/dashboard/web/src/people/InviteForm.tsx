import { Button, Group, NativeSelect, Stack, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import type { Invited, Role } from "../api/people/people.ts";
import { ApiProblem } from "../api/problem.ts";
import { dropDraft, keepDraft, readDraft } from "../ui/draft.ts";
import panel from "../ui/panel.module.css";
import { Failure } from "../ui/states.tsx";
import { InviteResults } from "./InviteResults.tsx";
import { mayOf, rolesFor } from "./roles.ts";
import { useInvite } from "./use-people.ts";

interface InviteFormProps {
  org: { slug: string; role: Role };
  /** Everybody has been invited, or nobody is to be. */
  onDone: () => void;
}

interface Fields {
  addresses: string;
  role: Role;
}

/** For one or for many. Whoever was not invited stays in the field, with the reason below it. */
export function InviteForm({ org, onDone }: InviteFormProps) {
  const draft = `${org.slug}/invite`;
  const invite = useInvite(org.slug);
  const form = useForm<Fields>({
    initialValues: { addresses: "", role: "member", ...readDraft<Fields>(draft) },
    onValuesChange: (values) => keepDraft(draft, values),
  });

  function takeResults({ results }: Invited): void {
    const left = results.filter(({ result }) => result !== "invited");
    form.setFieldValue("addresses", left.map(({ entry }) => entry).join("\n"));
    if (left.length > 0) return;
    dropDraft(draft);
    onDone();
  }

  function cancel(): void {
    dropDraft(draft);
    onDone();
  }

  const { error } = invite;
  const isPlaced = error instanceof ApiProblem && ("addresses" in error.fields || "role" in error.fields);
  return (
    <form
      className={`${panel.panel} ${panel.form}`}
      onSubmit={form.onSubmit((fields) =>
        invite.mutate(fields, {
          onSuccess: takeResults,
          onError: (error) => error instanceof ApiProblem && form.setErrors(error.fields),
        }),
      )}
      noValidate
      aria-label="Invite"
    >
      <Stack gap="lg" p="lg">
        {error && !isPlaced && <Failure error={error} />}
        <Textarea
          name="addresses"
          label="Email addresses"
          description="One, or as many as you like: paste them from a mail or a table, with or without names"
          placeholder={"ada@example.com\nBob Builder <bob@example.com>"}
          autosize
          minRows={3}
          maxRows={12}
          autoComplete="off"
          spellCheck={false}
          autoFocus
          {...form.getInputProps("addresses")}
        />
        {invite.data && <InviteResults invited={invite.data} />}
        <NativeSelect
          name="role"
          label="Role"
          description={`This role ${mayOf(form.values.role)}`}
          data={rolesFor(org.role).map(({ value, label }) => ({ value, label }))}
          {...form.getInputProps("role")}
        />
        <Group>
          <Button type="submit" loading={invite.isPending} disabled={form.values.addresses.trim() === ""}>
            Send invitations
          </Button>
          <Button variant="default" onClick={cancel}>
            {invite.data ? "Done" : "Cancel"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

import { Button, Group, Radio, Stack, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { type NewOwnClient, registerOwnClient } from "../api/clients/clients.ts";
import { ApiProblem } from "../api/problem.ts";
import { Failure } from "../ui/states.tsx";
import { useChange } from "./use-clients.ts";

interface NewOwnClientFormProps {
  org: string;
  /** With `null` where nothing was registered. */
  onDone: (registered: { id: string; secret: string | null } | null) => void;
}

export function NewOwnClientForm({ org, onDone }: NewOwnClientFormProps) {
  const form = useForm({ initialValues: { name: "", redirectUris: "", method: "client_secret_basic" } });
  const register = useChange(org, (client: NewOwnClient) => registerOwnClient(org, client));

  function submit({ name, redirectUris, method }: typeof form.values): void {
    const client = {
      name,
      redirectUris: redirectUris.split(/\s+/).filter(Boolean),
      tokenEndpointAuthMethod: method as NewOwnClient["tokenEndpointAuthMethod"],
    };
    register.mutate(client, {
      onSuccess: onDone,
      onError(error) {
        if (error instanceof ApiProblem) form.setErrors(error.fields);
      },
    });
  }

  const placed = register.error instanceof ApiProblem && Object.keys(register.error.fields).length > 0;
  return (
    <form onSubmit={form.onSubmit(submit)} noValidate>
      <Stack gap="md" maw={560}>
        {register.error && !placed && <Failure error={register.error} />}
        <TextInput
          label="Name"
          description="Members see it when they are asked for their consent"
          autoComplete="off"
          data-autofocus
          {...form.getInputProps("name")}
        />
        <Textarea
          label="Redirect URIs"
          description="One on each line, as the software's documentation gives them"
          placeholder="https://app.example.com/oauth/callback"
          autosize
          minRows={2}
          spellCheck={false}
          {...form.getInputProps("redirectUris")}
        />
        <Radio.Group label="How it proves to be itself" {...form.getInputProps("method")}>
          <Stack gap="xs" mt="xs">
            <Radio value="client_secret_basic" label="By a secret in the Authorization header (client_secret_basic)" />
            <Radio value="client_secret_post" label="By a secret in the form (client_secret_post)" />
            <Radio value="none" label="Not at all: it runs where no secret can be kept (public)" />
          </Stack>
        </Radio.Group>
        <Group>
          <Button type="submit" loading={register.isPending}>
            Register
          </Button>
          <Button variant="default" onClick={() => onDone(null)}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

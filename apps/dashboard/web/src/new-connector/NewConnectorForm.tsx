import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ChangeEvent, useRef, useState } from "react";
import { ApiProblem, registerConnector } from "../api.ts";
import { Ways } from "../connector/credential/Ways.tsx";
import { toWay, typedSecrets, type WayFields } from "../connector/credential/ways.ts";
import panel from "../ui/panel.module.css";
import { Failure } from "../ui/states.tsx";
import { suggestSlug } from "./suggest-slug.ts";

interface Fields {
  name: string;
  slug: string;
  url: string;
}

interface NewConnectorFormProps {
  org: string;
  onRegistered: (registered: Awaited<ReturnType<typeof registerConnector>>) => void;
}

export function NewConnectorForm({ org, onRegistered }: NewConnectorFormProps) {
  const form = useForm<Fields>({ initialValues: { name: "", slug: "", url: "" } });
  const [ways, setWays] = useState<WayFields[]>([]);
  const [slugIsOwn, setSlugIsOwn] = useState(false);
  const element = useRef<HTMLFormElement>(null);

  const register = useMutation({
    mutationFn: (fields: Fields) =>
      registerConnector(org, {
        ...fields,
        access: ways.map((way) => toWay(way, [])),
        secrets: typedSecrets(ways),
      }),
    onSuccess: onRegistered,
    onError(error) {
      if (error instanceof ApiProblem) showProblems(error.fields);
    },
  });

  function showProblems(fields: Record<string, string>): void {
    form.setErrors(fields);
    const first = ["name", "slug", "url"].find((name) => name in fields);
    element.current?.querySelector<HTMLInputElement>(`[name="${first}"]`)?.focus();
  }

  function nameChanged(event: ChangeEvent<HTMLInputElement>): void {
    const name = event.currentTarget.value;
    form.setFieldValue("name", name);
    if (!slugIsOwn) form.setFieldValue("slug", suggestSlug(name));
  }

  function slugChanged(event: ChangeEvent<HTMLInputElement>): void {
    setSlugIsOwn(event.currentTarget.value !== "");
    form.setFieldValue("slug", event.currentTarget.value);
  }

  const unplaced = register.error && !(register.error instanceof ApiProblem && register.error.hasFields);
  return (
    <form
      ref={element}
      className={`${panel.panel} ${panel.form}`}
      onSubmit={form.onSubmit((fields) => register.mutate(fields))}
      noValidate
    >
      <Stack gap="lg" p="lg">
        {unplaced && <Failure error={register.error} />}
        <TextInput
          name="name"
          label="Name"
          description="As your members know it"
          placeholder="Issue tracker"
          autoComplete="off"
          data-autofocus
          {...form.getInputProps("name")}
          onChange={nameChanged}
        />
        <TextInput
          name="slug"
          label="Name in the address"
          description={`Clients connect to ${location.origin}/${org}/${form.values.slug || "…"}/mcp, for good`}
          placeholder="issue-tracker"
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps("slug")}
          onChange={slugChanged}
        />
        <TextInput
          name="url"
          type="url"
          inputMode="url"
          label="URL of the MCP server"
          description="Its Streamable HTTP endpoint, as its documentation gives it"
          placeholder="https://mcp.example.com/mcp"
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps("url")}
        />
        <Ways
          ways={ways}
          problems={register.error instanceof ApiProblem ? register.error.fields : {}}
          onChange={setWays}
        />
        <Group>
          <Button type="submit" loading={register.isPending}>
            Register
          </Button>
          <Button component={Link} to={`/${org}/connectors`} variant="default">
            Cancel
          </Button>
          <Text size="sm" c="dimmed" role="status">
            {register.isPending ? "Asking the server for its tools…" : ""}
          </Text>
        </Group>
      </Stack>
    </form>
  );
}

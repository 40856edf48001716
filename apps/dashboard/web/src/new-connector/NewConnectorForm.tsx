import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { ApiProblem, registerConnector } from "../api.ts";
import { Ways } from "../connector/credential/Ways.tsx";
import { toWay, typedSecrets, type WayFields } from "../connector/credential/ways.ts";
import panel from "../ui/panel.module.css";
import { Failure } from "../ui/states.tsx";
import { focusFirst } from "./focus-first.ts";
import { NameFields } from "./NameFields.tsx";

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
  const element = useRef<HTMLFormElement>(null);

  const register = useMutation({
    mutationFn: (fields: Fields) =>
      registerConnector(org, { ...fields, access: ways.map(toWay), secrets: typedSecrets(ways) }),
    onSuccess: onRegistered,
    onError(error) {
      if (!(error instanceof ApiProblem)) return;
      form.setErrors(error.fields);
      focusFirst(element.current, error.fields);
    },
  });

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
        <NameFields org={org} form={form} />
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

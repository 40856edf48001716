import { Alert, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { ApiProblem, registerConnector } from "../api.ts";
import { Ways } from "../connector/credential/Ways.tsx";
import { newWay, toWay, typedSecrets, type WayFields } from "../connector/credential/ways.ts";
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
  const withMembersOwn = [...ways, newWay("member-oauth")];
  const element = useRef<HTMLFormElement>(null);

  const register = useMutation({
    mutationFn: ({ fields, opened }: { fields: Fields; opened: WayFields[] }) =>
      registerConnector(org, { ...fields, access: opened.map(toWay), secrets: typedSecrets(opened) }),
    onSuccess: onRegistered,
    onError(error) {
      if (!(error instanceof ApiProblem)) return;
      form.setErrors(error.fields);
      focusFirst(element.current, error.fields);
    },
  });

  const signsIn = register.error instanceof ApiProblem ? register.error.data.signsIn : null;
  const unplaced = register.error && !(register.error instanceof ApiProblem && register.error.hasFields);
  return (
    <form
      ref={element}
      className={`${panel.panel} ${panel.form}`}
      onSubmit={form.onSubmit((fields) => register.mutate({ fields, opened: ways }))}
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
        {typeof signsIn === "string" && (
          <MembersOwn
            host={signsIn}
            onAccept={() => {
              setWays(withMembersOwn);
              register.mutate({ fields: form.values, opened: withMembersOwn });
            }}
          />
        )}
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

/** The server has been asked, and names who signs its people in. */
function MembersOwn({ host, onAccept }: { host: string; onAccept: () => void }) {
  return (
    <Alert color="blue" title="Each member with their own account">
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          Members sign in at {host} once, and what they do here reaches what they can reach there. You link your own
          first, to see which tools there are.
        </Text>
        <Button size="sm" onClick={onAccept}>
          Register it so
        </Button>
      </Stack>
    </Alert>
  );
}

import { Alert, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { registerConnector } from "../api/connectors/connectors.ts";
import { ApiProblem } from "../api/problem.ts";
import { type KnownServer, waysOf } from "../catalogue/servers.ts";
import { Ways } from "../connector/credential/Ways.tsx";
import { newWay, toWay, typedSecrets, type WayFields, withoutSecret } from "../connector/credential/ways.ts";
import { dropDraft, keepDraft, readDraft, withoutQuery } from "../ui/draft.ts";
import panel from "../ui/panel.module.css";
import { Failure } from "../ui/states.tsx";
import { focusFirst } from "./focus-first.ts";
import { NameFields } from "./NameFields.tsx";
import { suggestSlug } from "./suggest-slug.ts";

interface Fields {
  name: string;
  slug: string;
  url: string;
}

interface Draft extends Fields {
  ways: WayFields[];
}

interface NewConnectorFormProps {
  org: string;
  /** What is filled in already. */
  known?: KnownServer | undefined;
  onRegistered: (registered: Awaited<ReturnType<typeof registerConnector>>) => void;
}

export function NewConnectorForm({ org, known, onRegistered }: NewConnectorFormProps) {
  const draft = `${org}/new-connector/${known?.id ?? ""}`;
  const [{ ways: keptWays, ...fields }] = useState(() => ({ ...draftFor(known), ...readDraft<Draft>(draft) }));
  const form = useForm<Fields>({ initialValues: fields });
  const [ways, setWays] = useState<WayFields[]>(keptWays);
  useEffect(() => {
    const url = withoutQuery(form.values.url);
    keepDraft(draft, { ...form.values, url, ways: ways.map(withoutSecret) });
  }, [draft, form.values, ways]);
  const withMembersOwn = [...ways, newWay("member-oauth")];
  const element = useRef<HTMLFormElement>(null);

  const register = useMutation({
    mutationFn: ({ fields, opened }: { fields: Fields; opened: WayFields[] }) =>
      registerConnector(org, { ...fields, access: opened.map(toWay), secrets: typedSecrets(opened) }),
    onSuccess(made) {
      dropDraft(draft);
      onRegistered(made);
    },
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

function draftFor(known: KnownServer | undefined): Draft {
  if (!known) return { name: "", slug: "", url: "", ways: [] };
  return { name: known.name, slug: suggestSlug(known.name), url: known.url, ways: waysOf(known) };
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

import { Alert, Button, Group, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconInfoCircle } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { type ApiSource, type ReadApi, registerApi } from "../api/connectors/apis.ts";
import { ApiProblem } from "../api/problem.ts";
import { Ways } from "../connector/credential/Ways.tsx";
import { labelOf, toWay, typedSecrets, type WayFields } from "../connector/credential/ways.ts";
import { focusFirst } from "../new-connector/focus-first.ts";
import { NameFields } from "../new-connector/NameFields.tsx";
import { suggestSlug } from "../new-connector/suggest-slug.ts";
import { dropDraft, keepDraft, readDraft, withoutQuery } from "../ui/draft.ts";
import { Panel } from "../ui/Panel.tsx";
import panel from "../ui/panel.module.css";
import { Failure } from "../ui/states.tsx";
import { suggestWay } from "./suggest-ways.ts";
import type { Chosen } from "./ToolChoice.tsx";

interface ApiFormProps {
  org: string;
  api: ReadApi;
  source: ApiSource;
  chosen: Chosen;
  onRegistered: (slug: string) => void;
}

interface Fields {
  name: string;
  slug: string;
  url: string;
}

/** Where the API is, how it is opened, and what the connector is called. */
export function ApiForm({ org, api, source, chosen, onRegistered }: ApiFormProps) {
  const choices = choicesOf(api);
  const [choice, setChoice] = useState(choices.length > 0 ? "0" : "");
  const [ways, setWays] = useState<WayFields[]>(choices[0] ? [choices[0].way] : []);
  const element = useRef<HTMLFormElement>(null);
  const name = api.title.slice(0, 80);
  const draft = `${org}/new-api/${api.title}`;
  const form = useForm({
    initialValues: { name, slug: suggestSlug(name), url: api.url ?? "", ...readDraft<Fields>(draft) },
    onValuesChange: (values) => keepDraft(draft, { ...values, url: withoutQuery(values.url) }),
  });
  const register = useMutation({
    mutationFn: (fields: Fields) =>
      registerApi(org, {
        ...{ ...fields, description: source, offered: [...chosen] },
        ...{ access: ways.map(toWay), secrets: typedSecrets(ways) },
      }),
    onSuccess({ slug }) {
      dropDraft(draft);
      dropDraft(`${org}/api-description`);
      onRegistered(slug);
    },
    onError(error) {
      if (!(error instanceof ApiProblem)) return;
      form.setErrors(error.fields);
      focusFirst(element.current, error.fields);
    },
  });

  function choose(value: string): void {
    setChoice(value);
    setWays(value === "" ? [] : [choices[Number(value)]!.way]);
  }

  const todo = choice === "" ? undefined : choices[Number(choice)]?.todo;
  const unplaced = register.error && !(register.error instanceof ApiProblem && register.error.hasFields);
  return (
    <Panel title="The connector">
      <form
        ref={element}
        className={panel.form}
        onSubmit={form.onSubmit((fields) => register.mutate(fields))}
        noValidate
        aria-label="The connector"
      >
        <Stack gap="lg">
          {unplaced && <Failure error={register.error} />}
          <NameFields org={org} form={form} />
          <TextInput
            name="url"
            type="url"
            inputMode="url"
            label="Where the API is"
            description="Every call goes to this address, or below it, and nowhere else"
            placeholder="https://api.example.com/v1"
            autoComplete="off"
            spellCheck={false}
            {...form.getInputProps("url")}
          />
          {choices.length > 0 && (
            <NativeSelect
              label="The description says that it is opened by"
              value={choice}
              data={[
                ...choices.map(({ label }, at) => ({ value: String(at), label })),
                { value: "", label: "something else" },
              ]}
              onChange={(event) => choose(event.currentTarget.value)}
            />
          )}
          {todo && (
            <Alert color="yellow" icon={<IconInfoCircle aria-hidden />} title="The description does not say everything">
              {todo}
            </Alert>
          )}
          <Ways
            ways={ways}
            problems={register.error instanceof ApiProblem ? register.error.fields : {}}
            onChange={setWays}
          />
          <Group>
            <Button type="submit" loading={register.isPending}>
              Register with {chosen.size === 1 ? "1 tool" : `${chosen.size} tools`}
            </Button>
            <Button component={Link} to={`/${org}/connectors`} variant="default">
              Cancel
            </Button>
            <Text size="sm" c="dimmed" role="status">
              {register.isPending ? "Making the tools…" : ""}
            </Text>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}

/** The ways of the description, as far as it fills them in. */
function choicesOf({ security }: ReadApi) {
  return security.map((choice) => {
    const suggested = suggestWay(choice);
    return { ...suggested, label: `${choice.name}: ${labelOf(suggested.way.kind)}` };
  });
}

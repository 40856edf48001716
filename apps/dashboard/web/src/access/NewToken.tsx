import { Button, Group, NativeSelect, Radio, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import type { Minted, NewTokenFields } from "../api/clients/tokens.ts";
import { pageConnectors } from "../api/connectors/connectors.ts";
import { ApiProblem } from "../api/problem.ts";
import { type Option, SoughtMultiSelect } from "../ui/Sought.tsx";
import { Failure } from "../ui/states.tsx";
import { MintedToken } from "./MintedToken.tsx";
import { useReadAgain } from "./use-access.ts";

interface Fields {
  name: string;
  expiresInDays: string;
  access: "read" | "write";
  reach: "all" | "some" | "management";
  connectors: Option[];
}

const DURATIONS = [
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "180", label: "180 days" },
  { value: "365", label: "A year" },
];

const READS_TOOLS = "Read: lists, resources, and tools that an owner has classified as reads";
const CHANGES_TOOLS = "Read and change things: every tool";
const READS_ORG = "Read what its holder sees in this dashboard";
const CHANGES_ORG = "Read it, and change what its holder may change";

interface NewTokenProps {
  org: string;
  mint: (fields: NewTokenFields) => Promise<Minted>;
  onDone: () => void;
}

/** Asks what the token is for, and then shows it, once. */
export function NewToken({ org, mint, onDone }: NewTokenProps) {
  const readAgain = useReadAgain(org);
  const form = useForm<Fields>({
    initialValues: { name: "", expiresInDays: "90", access: "read", reach: "some", connectors: [] },
  });
  const minting = useMutation({
    mutationFn: (fields: Fields) => mint(toApi(fields)),
    onSuccess: readAgain,
    onError(error) {
      if (error instanceof ApiProblem) form.setErrors(error.fields);
    },
  });
  const manages = form.values.reach === "management";
  if (minting.data) return <MintedToken token={minting.data.token} onDone={onDone} />;
  const unplaced = minting.error && !(minting.error instanceof ApiProblem && Object.keys(minting.error.fields).length);
  return (
    <form onSubmit={form.onSubmit((fields) => minting.mutate(fields))} noValidate aria-label="New token">
      <Stack gap="md" maw={560}>
        {unplaced && <Failure error={minting.error} />}
        <TextInput
          name="name"
          label="Name"
          description="What will use it, so that you know it again"
          placeholder="CI of the website"
          autoComplete="off"
          autoFocus
          {...form.getInputProps("name")}
        />
        <Connectors org={org} form={form} />
        <Radio.Group label="It may" {...form.getInputProps("access")} error={form.errors.scopes}>
          <Stack gap={6} mt={6}>
            <Radio value="read" label={manages ? READS_ORG : READS_TOOLS} />
            <Radio value="write" label={manages ? CHANGES_ORG : CHANGES_TOOLS} />
          </Stack>
        </Radio.Group>
        <NativeSelect label="It ends after" maw={200} data={DURATIONS} {...form.getInputProps("expiresInDays")} />
        <Group>
          <Button type="submit" loading={minting.isPending}>
            Make the token
          </Button>
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Connectors({ org, form }: { org: string; form: ReturnType<typeof useForm<Fields>> }) {
  return (
    <div>
      <Radio.Group label="It opens" {...form.getInputProps("reach")}>
        <Stack gap={6} mt={6}>
          <Radio value="some" label="These connectors" />
          {form.values.reach === "some" && (
            <SoughtMultiSelect
              aria-label="Connectors"
              placeholder="Search connectors"
              nothing="No connector is called so"
              pl={28}
              queryKey={["connectors", org]}
              find={(search) => connectorsCalled(org, search)}
              value={form.values.connectors}
              error={form.errors.connectors}
              onChange={(connectors) => form.setFieldValue("connectors", connectors)}
            />
          )}
          <Radio value="all" label="All connectors, those to come included" />
          <Radio value="management" label="The management API of this organisation, and no connector" />
        </Stack>
      </Radio.Group>
    </div>
  );
}

const OFFERED = "20";

async function connectorsCalled(org: string, search: string): Promise<Option[]> {
  const { connectors } = await pageConnectors(org, { limit: OFFERED, ...(search ? { search } : {}) });
  return connectors.map(({ slug, name }) => ({ value: slug, label: name }));
}

const SCOPES = {
  connectors: { read: ["mcp:read"], write: ["mcp:read", "mcp:write"] },
  management: { read: ["manage:read"], write: ["manage:read", "manage:write"] },
} satisfies Record<string, Record<Fields["access"], NewTokenFields["scopes"]>>;

function toApi({ name, expiresInDays, access, reach, connectors }: Fields): NewTokenFields {
  return {
    name,
    expiresInDays: Number(expiresInDays),
    scopes: SCOPES[reach === "management" ? reach : "connectors"][access],
    connectors: reach === "some" ? connectors.map(({ value }) => value) : null,
  };
}

import { Button, Group, Radio, Stack, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { createDelivery, type NewDelivery } from "../api/audit/deliveries.ts";
import { ApiProblem } from "../api/problem.ts";
import { Failure } from "../ui/states.tsx";
import { useDelivery } from "./use-deliveries.ts";

interface NewDeliveryFormProps {
  org: string;
  /** With a webhook's secret; `null` where there is none. */
  onDone: (secret: string | null) => void;
}

const KINDS = [
  { value: "webhook", label: "Webhook", description: "JSON by POST, signed as Standard Webhooks has it" },
  { value: "otlp", label: "OTLP logs", description: "OTLP/HTTP as JSON, for a collector or a SIEM" },
];

const STARTS = [
  { value: "now", label: "With what comes from now on" },
  { value: "beginning", label: "With the first row that is kept" },
];

/** `Name: value` on each line. */
const LINE = /^([^:\s]+):\s*(.*)$/;

export function NewDeliveryForm({ org, onDone }: NewDeliveryFormProps) {
  const form = useForm({
    initialValues: { kind: "webhook", url: "", headers: "", startsAt: "now" },
    validate: {
      url: (url) => (URL.canParse(url) ? null : "Write the whole URL, such as https://siem.example.com/v1/logs"),
      headers: (text) => (linesOf(text).every((line) => LINE.test(line)) ? null : "Write each as Name: value"),
    },
  });
  const create = useDelivery(org, (delivery: NewDelivery) => createDelivery(org, delivery));
  const isOtlp = form.values.kind === "otlp";

  function submit({ kind, url, headers, startsAt }: typeof form.values): void {
    const wanted = { kind, url, startsAt, ...(isOtlp ? { headers: headersOf(headers) } : {}) } as NewDelivery;
    create.mutate(wanted, {
      onSuccess: ({ secret }) => onDone(secret),
      onError(error) {
        if (error instanceof ApiProblem) form.setErrors(placed(error.fields));
      },
    });
  }

  const hasPlace = create.error instanceof ApiProblem && create.error.hasFields;
  return (
    <form onSubmit={form.onSubmit(submit)} noValidate>
      <Stack gap="md" maw={560}>
        {create.error && !hasPlace && <Failure error={create.error} />}
        <Radio.Group label="As" {...form.getInputProps("kind")}>
          <Stack gap="xs" mt="xs">
            {KINDS.map((kind) => (
              <Radio key={kind.value} {...kind} />
            ))}
          </Stack>
        </Radio.Group>
        <TextInput
          label="URL"
          description={isOtlp ? "With its path, mostly /v1/logs" : "What is sent there is in JSON, by POST"}
          placeholder={isOtlp ? "https://siem.example.com/v1/logs" : "https://example.com/gatehouse"}
          type="url"
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps("url")}
        />
        {isOtlp && (
          <Textarea
            label="Headers"
            description="One on each line. Nobody sees them again."
            placeholder="Authorization: Bearer …"
            autosize
            minRows={2}
            spellCheck={false}
            autoComplete="off"
            {...form.getInputProps("headers")}
          />
        )}
        <Radio.Group label="Begin" {...form.getInputProps("startsAt")}>
          <Stack gap="xs" mt="xs">
            {STARTS.map((start) => (
              <Radio key={start.value} {...start} />
            ))}
          </Stack>
        </Radio.Group>
        <Group>
          <Button type="submit" loading={create.isPending}>
            Send it there
          </Button>
          <Button variant="default" onClick={() => onDone(null)}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const linesOf = (text: string): string[] => text.split("\n").filter((line) => line.trim() !== "");

function headersOf(text: string): Record<string, string> {
  return Object.fromEntries(linesOf(text).map((line) => LINE.exec(line.trim())!.slice(1, 3) as [string, string]));
}

/** What is wrong with one header stands beside all of them. */
function placed(fields: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([path, says]) => [path.replace(/^headers\..*/, "headers"), says]),
  );
}

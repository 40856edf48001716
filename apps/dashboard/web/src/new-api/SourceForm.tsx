import {
  Button,
  Checkbox,
  FileInput,
  Group,
  Progress,
  SegmentedControl,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconFileUpload } from "@tabler/icons-react";
import { type FormEvent, useEffect, useState } from "react";
import type { ApiSource } from "../api/connectors/apis.ts";
import { ApiProblem } from "../api/problem.ts";
import { keepDraft, readDraft, withoutQuery } from "../ui/draft.ts";
import { Failure } from "../ui/states.tsx";

type Kind = "url" | "file" | "text";
const KINDS: { value: Kind; label: string }[] = [
  { value: "url", label: "URL" },
  { value: "file", label: "File" },
  { value: "text", label: "Paste" },
];

interface Draft {
  kind: Kind;
  url: string;
  text: string;
  followReferences: boolean;
}

interface SourceFormProps {
  /** What it is kept by until it is sent. */
  draft: string;
  /** Where it was found before. */
  url?: string;
  label: string;
  pending: boolean;
  error: Error | null;
  progress?: { done: number; all: number } | null;
  onSubmit: (source: ApiSource) => void;
}

/** Asks for an API's description: its URL, a file, or its text. */
export function SourceForm({ draft, url: before = "", label, pending, error, progress, onSubmit }: SourceFormProps) {
  const [kept] = useState(() => readDraft<Draft>(draft));
  const [kind, setKind] = useState<Kind>(kept.kind ?? "url");
  const [url, setUrl] = useState(kept.url ?? before);
  const [file, setFile] = useState<File | null>(null);
  const [text, setText] = useState(kept.text ?? "");
  const [followReferences, setFollowReferences] = useState(kept.followReferences ?? false);
  useEffect(() => {
    const typed = url === before ? {} : { url: withoutQuery(url) };
    keepDraft(draft, { ...typed, kind, text, followReferences });
  }, [draft, before, kind, url, text, followReferences]);
  const isMissing = (kind === "url" ? url : kind === "text" ? text : (file?.name ?? "")).trim() === "";

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (isMissing) return;
    if (kind === "url") onSubmit({ url, followReferences });
    else onSubmit({ text: kind === "text" ? text : await file!.text(), followReferences });
  }

  const problem = error instanceof ApiProblem ? error.fields.url : undefined;
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        {error && !problem && <Failure error={error} />}
        <SegmentedControl
          data={KINDS}
          value={kind}
          aria-label="Where the description is"
          w="fit-content"
          onChange={(value) => setKind(value as Kind)}
        />
        {kind === "url" && (
          <TextInput
            type="url"
            label="URL of the description"
            description="OpenAPI 3.1 or 3.0, or Swagger 2.0, as JSON or YAML; not the page that shows it to people"
            placeholder="https://api.example.com/openapi.json"
            autoComplete="off"
            spellCheck={false}
            value={url}
            error={problem}
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
        )}
        {kind === "file" && (
          <FileInput
            label="File"
            description="OpenAPI 3.1 or 3.0, or Swagger 2.0, as JSON or YAML, of 16 MB at most"
            placeholder="Choose a file"
            accept=".json,.yaml,.yml,application/json,application/yaml"
            leftSection={<IconFileUpload size={16} aria-hidden />}
            value={file}
            onChange={setFile}
          />
        )}
        {kind === "text" && (
          <Textarea
            label="Description"
            description="OpenAPI 3.1 or 3.0, or Swagger 2.0, as JSON or YAML"
            rows={12}
            classNames={{ input: "mono" }}
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
        <Checkbox
          label="Fetch the other documents that it refers to"
          checked={followReferences}
          onChange={(event) => setFollowReferences(event.currentTarget.checked)}
        />
        <Group>
          <Button type="submit" loading={pending} disabled={isMissing}>
            {label}
          </Button>
          {pending && <Reading progress={progress ?? null} />}
        </Group>
      </Stack>
    </form>
  );
}

function Reading({ progress }: { progress: { done: number; all: number } | null }) {
  const said = progress ? `Reading ${progress.all} operations…` : "Reading the description…";
  return (
    <Stack gap={4} flex="1 1 12rem" maw={320}>
      <Text size="sm" c="dimmed" role="status">
        {said}
      </Text>
      {progress && (
        <Progress size="sm" value={(100 * progress.done) / Math.max(1, progress.all)} aria-label="How much is read" />
      )}
    </Stack>
  );
}

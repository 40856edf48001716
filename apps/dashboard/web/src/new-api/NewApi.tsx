import { ofTools, weighRisks } from "@gatehouse/connectors/risk/weigh";
import { Button, Group, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type ApiSource, type ReadApi, readDescription } from "../api/connectors/apis.ts";
import { RiskSummary } from "../risk/RiskSummary.tsx";
import { Panel } from "../ui/Panel.tsx";
import { ApiForm } from "./ApiForm.tsx";
import { LeftOut } from "./LeftOut.tsx";
import { SourceForm } from "./SourceForm.tsx";
import { type Chosen, suggested, ToolChoice } from "./ToolChoice.tsx";

interface NewApiProps {
  org: string;
  onRegistered: (slug: string) => void;
}

/** First the description is read, then what it offers is chosen. */
export function NewApi({ org, onRegistered }: NewApiProps) {
  const [progress, setProgress] = useState<{ done: number; all: number } | null>(null);
  const read = useMutation({
    mutationFn: (source: ApiSource) => readDescription(org, source, setProgress),
    onMutate: () => setProgress(null),
  });
  if (read.data)
    return <Found api={read.data} source={read.variables} onBack={read.reset} {...{ org, onRegistered }} />;
  return (
    <Panel title="Its description" lead="Nothing is stored until you have seen what is in it.">
      <SourceForm
        draft={`${org}/api-description`}
        label="Read it"
        pending={read.isPending}
        error={read.error}
        progress={progress}
        onSubmit={read.mutate}
      />
    </Panel>
  );
}

interface FoundProps extends NewApiProps {
  api: ReadApi;
  source: ApiSource;
  onBack: () => void;
}

function Found({ org, api, source, onBack, onRegistered }: FoundProps) {
  const [chosen, setChosen] = useState(() => suggested(api.tools));
  const { title, version, operations, tools, notes, risks } = api;
  return (
    <>
      <Panel title={title}>
        <Group justify="space-between" gap="sm">
          <Text size="sm">
            {tools.length === operations
              ? `${operations} operations`
              : `${tools.length} of ${operations} operations can become tools`}
            <Text span size="sm" c="dimmed">
              {" "}
              · {version === "2.0" ? "Swagger" : "OpenAPI"} {version}
            </Text>
          </Text>
          <Button variant="default" size="sm" onClick={onBack}>
            Read another
          </Button>
        </Group>
      </Panel>
      {notes.length > 0 && <LeftOut notes={notes} />}
      <Risk risks={risks} chosen={chosen} />
      <ToolChoice tools={tools} chosen={chosen} onChange={setChosen} />
      <ApiForm org={org} api={api} source={source} chosen={chosen} onRegistered={onRegistered} />
    </>
  );
}

const FINDINGS_SHOWN = 5;

/** Of what is chosen just now. */
function Risk({ risks, chosen }: { risks: ReadApi["risks"]; chosen: Chosen }) {
  const { score, findings } = useMemo(() => weighRisks(ofTools(risks, chosen)), [risks, chosen]);
  const worst = findings.toSorted((one, other) => other.points - one.points).slice(0, FINDINGS_SHOWN);
  return (
    <RiskSummary score={score} worst={worst} lead="If it is registered with what is chosen below. Less is better.">
      <Text size="sm" c="dimmed">
        {findings.length > worst.length && `These are ${worst.length} of ${findings.length} findings. `}
        The whole report, with what to do about each, is the connector's, and follows what you choose.
      </Text>
    </RiskSummary>
  );
}

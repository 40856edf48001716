import { Button, Group, NativeSelect, Radio, Stack, Text } from "@mantine/core";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeAuditSettings, type AuditSettings as Kept, readAuditSettings } from "../api/audit/audit.ts";
import type { Seen } from "../api/preconditions.ts";
import { ApiProblem } from "../api/problem.ts";
import { Confirm } from "../clients/Confirm.tsx";
import { NotSaved } from "../ui/NotSaved.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import { useEdit } from "../ui/use-edit.ts";

const ARGUMENTS = [
  {
    value: "hashed",
    label: "A fingerprint",
    description: "Tells whether two calls had the same arguments, and nothing of what they were.",
  },
  {
    value: "redacted",
    label: "Their names and kinds",
    description: "Which fields were given, and whether each was text, a number or a list. No values.",
  },
  {
    value: "sealed",
    label: "All of them, sealed",
    description: "Owners, admins and auditors can open them one call at a time, and each time is in the log.",
  },
] as const;

const DAYS = [30, 90, 180, 365, 730, 1825, 3650];

const settingsQuery = (org: string) =>
  queryOptions({ queryKey: ["audit-settings", org], queryFn: () => readAuditSettings(org) });

/** What the audit log keeps, and for how long. */
export function AuditSettings({ org, mayChange }: { org: string; mayChange: boolean }) {
  const { data, error, refetch } = useQuery(settingsQuery(org));
  return (
    <Panel
      title="Audit log"
      lead="Every call is in it. What is kept of a call's arguments, and for how long, is up to you."
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !data && <Loading />}
      {data && <AuditForm org={org} kept={data} mayChange={mayChange} />}
    </Panel>
  );
}

const withoutEtag = ({ arguments: kept, retentionDays }: Kept): Kept => ({ arguments: kept, retentionDays });

function AuditForm({ org, kept, mayChange }: { org: string; kept: Seen<Kept>; mayChange: boolean }) {
  const { fields: wanted, setFields: setWanted, isChanged, base, reset } = useEdit(kept, withoutEtag);
  const [asking, setAsking] = useState(false);
  const queryClient = useQueryClient();
  const readAgain = () => queryClient.invalidateQueries({ queryKey: settingsQuery(org).queryKey });
  const save = useMutation({
    mutationFn: (etag: string | null) => changeAuditSettings(org, wanted, etag),
    onSettled: () => setAsking(false),
    onSuccess: readAgain,
  });
  const { mutate, error, isPending } = save;
  const problems = error instanceof ApiProblem ? error.fields : {};
  const deletes = (wanted.retentionDays ?? Number.POSITIVE_INFINITY) < (kept.retentionDays ?? Number.POSITIVE_INFINITY);

  async function seeTheirs(): Promise<void> {
    await readAgain();
    save.reset();
    reset();
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (deletes) setAsking(true);
        else mutate(base.etag);
      }}
    >
      <Stack gap="md" maw={560}>
        <Radio.Group
          label="Kept of a call's arguments"
          description="Of calls from now on"
          value={wanted.arguments}
          error={problems.arguments}
          onChange={(value) => setWanted({ ...wanted, arguments: value as Kept["arguments"] })}
        >
          <Stack gap="sm" mt="xs">
            {ARGUMENTS.map((choice) => (
              <Radio key={choice.value} {...choice} disabled={!mayChange} />
            ))}
          </Stack>
        </Radio.Group>
        <NativeSelect
          label="Rows are kept for"
          description="Older ones are deleted within the hour. That they were is signed, so that the rest can be verified."
          maw={440}
          disabled={!mayChange}
          error={problems.retentionDays}
          value={wanted.retentionDays ?? ""}
          onChange={({ currentTarget: { value } }) =>
            setWanted({ ...wanted, retentionDays: value === "" ? null : Number(value) })
          }
          data={[{ value: "", label: "For good" }, ...daysWith(kept.retentionDays).map(choiceOf)]}
        />
        {error && Object.keys(problems).length === 0 && (
          <NotSaved error={error} pending={isPending} onTheirs={seeTheirs} onMine={() => mutate(null)} />
        )}
        {mayChange ? (
          <Group>
            <Button type="submit" disabled={!isChanged} loading={isPending}>
              Save
            </Button>
            <Text size="sm" c="dimmed" role="status">
              {isChanged ? "Not saved yet" : save.isSuccess && "Saved"}
            </Text>
          </Group>
        ) : (
          <Text size="sm" c="dimmed">
            Only owners change this.
          </Text>
        )}
      </Stack>
      <Confirm
        opened={asking}
        title="Delete old rows of the audit log?"
        action="Delete them"
        pending={isPending}
        onCancel={() => setAsking(false)}
        onConfirm={() => mutate(base.etag)}
      >
        All rows older than {inWords(wanted.retentionDays ?? 0)} are deleted within the hour, and cannot be brought
        back. Export the log first if you need them.
      </Confirm>
    </form>
  );
}

/** What somebody has set otherwise than here can be chosen too. */
function daysWith(set: number | null): number[] {
  return [...new Set([...DAYS, ...(set === null ? [] : [set])])].sort((a, b) => a - b);
}

const choiceOf = (days: number) => ({ value: String(days), label: inWords(days) });

function inWords(days: number): string {
  if (days % 365 !== 0) return `${days} days`;
  return days === 365 ? "1 year" : `${days / 365} years`;
}

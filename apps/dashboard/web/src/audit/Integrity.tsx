import { Alert, Anchor, Button, Group, Text } from "@mantine/core";
import { IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { AuditVerdict } from "../../../server/audit/verify-once.ts";
import { type AuditIntegrity, readAuditIntegrity, verifyAudit } from "../api/audit/audit.ts";
import type { Progress } from "../api/lines.ts";
import { useOrg } from "../session.ts";
import { Ago } from "../ui/Ago.tsx";
import { Copyable } from "../ui/copy.tsx";
import { Page } from "../ui/Page.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading, NotFound } from "../ui/states.tsx";
import classes from "./audit.module.css";
import { count } from "./words.ts";

const integrityQuery = (org: string) =>
  queryOptions({
    queryKey: ["audit-integrity", org],
    queryFn: () => readAuditIntegrity(org),
    refetchInterval: 15_000,
  });

/** How much of the log is signed, on the way to more about it. */
export function IntegrityLink({ org }: { org: string }) {
  const { data } = useQuery(integrityQuery(org));
  const { signed } = data ?? {};
  return (
    <Anchor component={Link} to={`/${org}/audit/integrity`} size="sm" className={classes.integrity}>
      <IconShieldCheck size={16} aria-hidden />
      {signed ? `Signed through row ${count(signed.seq)}` : "Integrity"}
    </Anchor>
  );
}

/** That nothing was changed, removed or put in, and what says so. */
export function IntegrityPage() {
  const org = useOrg()!;
  if (!org.mayAudit) return <NotFound />;
  return (
    <Page
      title="Integrity of the audit log"
      lead="Nothing in the log can be changed, removed or put in, not even in the database, without it being seen."
      back={{ label: "Audit log", href: `/${org.slug}/audit` }}
    >
      <Chain org={org.slug} />
      <Verification org={org.slug} />
    </Page>
  );
}

function Chain({ org }: { org: string }) {
  const { data, error, refetch } = useQuery(integrityQuery(org));
  return (
    <Panel
      title="Chain"
      lead="Each row has the hash of the one before in its own. The last one's hash is signed every minute."
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !data && <Loading />}
      {data && <Facts {...data} />}
    </Panel>
  );
}

function Verification({ org }: { org: string }) {
  const [progress, setProgress] = useState<Progress>();
  const { data, error, isPending, mutate } = useMutation({
    mutationFn: () => verifyAudit(org, setProgress),
    onMutate: () => setProgress(undefined),
  });
  return (
    <Panel
      title="Verification"
      lead="Reads every row, hashes it anew, and compares it with the chain and all that was signed."
    >
      <Group gap="md">
        <Button variant="default" loading={isPending} onClick={() => mutate()}>
          Verify the whole log
        </Button>
        {isPending && (
          <Text size="sm" c="dimmed" role="status">
            {progress ? `${count(progress.done)} of ${count(progress.all)} rows` : "Beginning…"}
          </Text>
        )}
      </Group>
      {error && <Failure error={error} />}
      {data && <Verdict {...data} />}
      <Text size="sm" c="dimmed" mt="md">
        This server judges itself here. Who wants to do without it exports the whole log as JSON lines, and has{" "}
        <code>gatehouse audit verify --from FILE --key KEY</code> look at it elsewhere.
      </Text>
    </Panel>
  );
}

function Facts({ chained, signed, retainedFrom }: AuditIntegrity) {
  return (
    <dl className={classes.facts}>
      <dt>Chained</dt>
      <dd>
        {chained ? (
          <>
            up to row {count(chained.seq)}, <Ago at={chained.at} />
          </>
        ) : (
          "Nothing yet: rows are chained a second after they are written"
        )}
      </dd>
      {retainedFrom > 1 && (
        <>
          <dt>Kept</dt>
          <dd>from row {count(retainedFrom)} on; those before were deleted by the organisation's own rule</dd>
        </>
      )}
      <dt>Signed</dt>
      <dd>
        {signed ? (
          <>
            up to row {count(signed.seq)}, <Ago at={signed.at} />
          </>
        ) : (
          "Nothing yet: a minute after the first row"
        )}
      </dd>
      {signed && (
        <>
          <dt>Hash</dt>
          <dd>
            <Copyable text={signed.hash} label="the hash" />
          </dd>
          <dt>Key</dt>
          <dd>
            <Copyable text={signed.key} label="the public key" />
          </dd>
        </>
      )}
    </dl>
  );
}

function Verdict({ rows, chainedSeq, signedSeq, finding }: AuditVerdict) {
  if (finding) {
    return (
      <Alert
        role="alert"
        color="red"
        icon={<IconShieldX aria-hidden />}
        title="The log is not what was written"
        mt="md"
      >
        {finding}.
      </Alert>
    );
  }
  return (
    <Alert role="status" color="gray" icon={<IconShieldCheck aria-hidden />} title="Nothing was changed" mt="md">
      {count(rows)} rows were looked at. They are chained up to row {count(chainedSeq)}, and{" "}
      {signedSeq > 0 ? `signed up to row ${count(signedSeq)}` : "not signed yet"}.
    </Alert>
  );
}

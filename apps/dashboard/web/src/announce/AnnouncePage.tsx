import { Alert, Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { IconMailForward } from "@tabler/icons-react";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { announce, readReach } from "../api/people/people.ts";
import { ApiProblem } from "../api/problem.ts";
import { connectorQuery } from "../connector/ConnectorPage.tsx";
import { useOrg } from "../session.ts";
import { dropDraft, keepDraft, readDraft } from "../ui/draft.ts";
import { Page } from "../ui/Page.tsx";
import { Panel } from "../ui/Panel.tsx";
import panel from "../ui/panel.module.css";
import { Failure, Loading, NotFound } from "../ui/states.tsx";

const reachQuery = (org: string, slug: string) =>
  queryOptions({ queryKey: ["reach", org, slug], queryFn: () => readReach(org, slug), staleTime: 0 });

/** Tells those who may use a connector that it is there, and how to connect. */
export function AnnouncePage() {
  const org = useOrg()!;
  const { slug } = useParams({ from: "/signed-in/$org/connectors/$slug/announce" });
  const { data: connector, error } = useQuery(connectorQuery(org.slug, slug));
  const reach = useQuery({ ...reachQuery(org.slug, slug), enabled: org.mayChange });
  const failed = error ?? reach.error;
  if (!org.mayChange || (error instanceof ApiProblem && error.status === 404)) return <NotFound />;
  const name = connector?.name ?? slug;
  return (
    <Page
      title={`Announce ${name}`}
      lead="A mail to each who may use it, with its address and how to connect."
      back={{ label: name, href: `/${org.slug}/connectors/${slug}` }}
    >
      {failed && <Failure error={failed} onRetry={() => reach.refetch()} />}
      {!failed && reach.isPending && <Loading />}
      {reach.data === 0 && (
        <Panel title="There is nobody to tell yet">
          <Text size="sm">
            Nobody but you may use it.{" "}
            <Link to="/$org/people" params={{ org: org.slug }}>
              Invite people
            </Link>
            , or open it to more of them.
          </Text>
        </Panel>
      )}
      {reach.data !== undefined && reach.data > 0 && <AnnounceForm org={org.slug} slug={slug} reach={reach.data} />}
    </Page>
  );
}

function AnnounceForm({ org, slug, reach }: { org: string; slug: string; reach: number }) {
  const draft = `${org}/announce/${slug}`;
  const [note, setNote] = useState(() => readDraft<{ note: string }>(draft).note ?? "");
  const queryClient = useQueryClient();
  const send = useMutation({
    mutationFn: () => announce(org, slug, { note, reach }),
    onSuccess: () => dropDraft(draft),
    onError: () => queryClient.invalidateQueries(reachQuery(org, slug)),
  });
  useEffect(() => {
    if (!send.isSuccess) keepDraft(draft, { note });
  }, [draft, note, send.isSuccess]);

  function submit(event: FormEvent): void {
    event.preventDefault();
    send.mutate();
  }

  if (send.data !== undefined) {
    return (
      <Alert
        role="status"
        color="teal"
        icon={<IconMailForward aria-hidden />}
        title={`On its way to ${people(send.data)}`}
      >
        Each gets one mail. What they connect stands under People and in the audit log.
      </Alert>
    );
  }
  const problem = send.error instanceof ApiProblem ? send.error.fields.note : undefined;
  return (
    <form onSubmit={submit} noValidate className={`${panel.panel} ${panel.form}`} aria-label="Announcement">
      <Stack gap="lg" p="lg">
        {send.error && !problem && <Failure error={send.error} />}
        <Textarea
          name="note"
          label="A note of your own"
          description="What it is good for, in your words. It stands above the steps; it may be left out."
          placeholder="Ask Claude about our tickets, and let it open new ones."
          autosize
          minRows={3}
          maxRows={10}
          maxLength={1000}
          value={note}
          error={problem}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <Group>
          <Button type="submit" loading={send.isPending} leftSection={<IconMailForward size={16} aria-hidden />}>
            Send to {people(reach)}
          </Button>
          <Button component={Link} to={`/${org}/connectors/${slug}`} variant="default">
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const people = (count: number) => (count === 1 ? "1 person" : `${count.toLocaleString("en")} people`);

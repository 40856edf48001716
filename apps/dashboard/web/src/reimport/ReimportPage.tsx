import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { compareAnew, type ImportAnew, importAnew } from "../api/connectors/apis.ts";
import { connectorQuery } from "../connector/ConnectorPage.tsx";
import { LeftOut } from "../new-api/LeftOut.tsx";
import { SourceForm } from "../new-api/SourceForm.tsx";
import { useOrg } from "../session.ts";
import { NotSaved } from "../ui/NotSaved.tsx";
import { Page } from "../ui/Page.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading, NotFound } from "../ui/states.tsx";
import { Comparison } from "./Comparison.tsx";

/** What has become of an API's description, seen before it is taken over. */
export function ReimportPage() {
  const org = useOrg()!;
  const { slug } = useParams({ from: "/signed-in/$org/connectors/$slug/import" });
  const { data: connector, error } = useQuery(connectorQuery(org.slug, slug));
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const compare = useMutation({
    mutationFn: (description: ImportAnew["description"]) => compareAnew(org.slug, slug, description),
  });
  const apply = useMutation({
    mutationFn: (etag: string | null) => importAnew(org.slug, slug, { description: compare.variables, etag }),
    async onSuccess() {
      await queryClient.invalidateQueries({ queryKey: ["connectors", org.slug] });
      await navigate({ to: "/$org/connectors/$slug", params: { org: org.slug, slug } });
    },
  });
  const look = (description: ImportAnew["description"]) => compare.mutate(description, { onSuccess: apply.reset });
  if (!org.mayChange) return <NotFound />;
  return (
    <Page
      title="Import anew"
      lead="Names, edits and what is offered stay with their operations. What is new waits until you turn it on."
      back={{ label: connector?.name ?? slug, href: `/${org.slug}/connectors/${slug}` }}
    >
      {error && <Failure error={error} />}
      {!error && !connector && <Loading />}
      {connector && (
        <Panel title="Its description">
          <SourceForm
            draft={`${org.slug}/reimport/${slug}`}
            url={connector.descriptionUrl ?? ""}
            label="Compare"
            pending={compare.isPending}
            error={compare.error}
            onSubmit={look}
          />
        </Panel>
      )}
      {compare.data && (
        <>
          {apply.error && (
            <NotSaved
              error={apply.error}
              pending={apply.isPending}
              onTheirs={() => look(compare.variables)}
              onMine={() => apply.mutate(null)}
            />
          )}
          <Comparison
            {...{ org: org.slug, slug, found: compare.data, pending: apply.isPending }}
            onApply={() => apply.mutate(compare.data.etag)}
          />
          {compare.data.notes.length > 0 && <LeftOut notes={compare.data.notes} />}
        </>
      )}
    </Page>
  );
}

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type ImportAnew, importAnew } from "../api/connectors/apis.ts";
import { connectorQuery } from "../connector/ConnectorPage.tsx";
import { LeftOut } from "../new-api/LeftOut.tsx";
import { SourceForm } from "../new-api/SourceForm.tsx";
import { useOrg } from "../session.ts";
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
    mutationFn: (description: ImportAnew["description"]) => importAnew(org.slug, slug, { description, apply: false }),
  });
  const apply = useMutation({
    mutationFn: () => importAnew(org.slug, slug, { description: compare.variables, apply: true }),
    async onSuccess() {
      await queryClient.invalidateQueries({ queryKey: ["connectors", org.slug] });
      await navigate({ to: "/$org/connectors/$slug", params: { org: org.slug, slug } });
    },
  });
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
            onSubmit={compare.mutate}
          />
        </Panel>
      )}
      {compare.data && (
        <>
          {apply.error && <Failure error={apply.error} />}
          <Comparison
            {...{ org: org.slug, slug, found: compare.data, pending: apply.isPending }}
            onApply={() => apply.mutate()}
          />
          {compare.data.notes.length > 0 && <LeftOut notes={compare.data.notes} />}
        </>
      )}
    </Page>
  );
}

import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Connector } from "../api/connectors/connectors.ts";
import { connectorQuery } from "../connector/ConnectorPage.tsx";
import { labelOf } from "../connector/credential/ways.ts";
import { OwnLink } from "../connector/linked/OwnLink.tsx";
import { RiskSummary } from "../risk/RiskSummary.tsx";
import { riskQuery } from "../risk/RiskTab.tsx";
import { ApiBadge, EraBadge } from "../ui/EraBadge.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import classes from "./first-steps.module.css";
import type { StepProps } from "./StepPage.tsx";

const FINDINGS_SHOWN = 3;

/** What the server has shown of itself, and what may go wrong with it. */
export function FoundStep({ org, slug }: StepProps) {
  const { data: connector, error, refetch } = useQuery(connectorQuery(org.slug, slug));
  if (error) return <Failure error={error} onRetry={() => refetch()} />;
  if (!connector) return <Loading />;
  return (
    <>
      {connector.ownLink && <OwnLink connector={connector} ownLink={connector.ownLink} mayChange />}
      <Panel title={connector.name} lead={connector.url ?? connector.upstream}>
        <Facts connector={connector} />
      </Panel>
      {connector.seen && <Risks org={org.slug} slug={slug} />}
    </>
  );
}

function Facts({ connector }: { connector: Connector }) {
  const { transport, era, protocolVersion, seen, serverName, access, tools } = connector;
  const opened = access?.map(({ kind }) => labelOf(kind as Parameters<typeof labelOf>[0])) ?? [];
  return (
    <dl className={classes.facts}>
      <dt>It speaks</dt>
      <dd>{transport === "openapi" ? <ApiBadge /> : <EraBadge era={era} version={protocolVersion} seen={seen} />}</dd>
      {serverName && (
        <>
          <dt>It calls itself</dt>
          <dd>{serverName}</dd>
        </>
      )}
      <dt>It is opened by</dt>
      <dd>{opened.length > 0 ? opened.join(", ") : "nothing: it lets everybody in"}</dd>
      <dt>Tools</dt>
      <dd>{seen ? `${tools.total}, of which ${tools.offered} are offered` : "not known until an account is linked"}</dd>
    </dl>
  );
}

function Risks({ org, slug }: { org: string; slug: string }) {
  const { data: report, error, refetch } = useQuery(riskQuery(org, slug));
  if (error) return <Failure error={error} onRetry={() => refetch()} />;
  if (!report) return <Loading />;
  const top = [...report.findings].sort((one, other) => other.points - one.points).slice(0, FINDINGS_SHOWN);
  return (
    <RiskSummary score={report.score} worst={top} lead="Less is better.">
      <Anchor component={Link} to={`/${org}/connectors/${slug}/risk`} size="sm" w="fit-content">
        {report.findings.length > top.length ? `All ${report.findings.length} findings` : "The report"}
      </Anchor>
    </RiskSummary>
  );
}

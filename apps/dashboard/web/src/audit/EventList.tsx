import { Link } from "@tanstack/react-router";
import { Blocks } from "../ui/Blocks.tsx";
import classes from "./audit.module.css";
import type { AuditEvent } from "./events.ts";
import { Outcome } from "./Outcome.tsx";
import { durationOf, shortTime } from "./words.ts";

interface EventListProps {
  org: string;
  events: readonly AuditEvent[];
  label: string;
  /** All are of one connector, which nobody has to be told in each row. */
  ofOne?: boolean;
}

/** A table, whose rows become cards on a phone. */
export function EventList({ org, events, label, ofOne = false }: EventListProps) {
  return (
    // biome-ignore-start lint/a11y/useSemanticElements: only what is not laid out as a table can be left out while it is not seen
    // biome-ignore-start lint/a11y/useFocusableInteractive: rows and cells of a table without choices are not focusable
    <div role="table" aria-label={label} className={ofOne ? `${classes.table} ${classes.ofOne}` : classes.table}>
      <div role="rowgroup" className={classes.head}>
        <div role="row" className={classes.row}>
          <span role="columnheader">Time</span>
          <span role="columnheader">What</span>
          {!ofOne && <span role="columnheader">Connector</span>}
          <span role="columnheader">Who</span>
          <span role="columnheader">Outcome</span>
          <span role="columnheader" className={classes.number}>
            Duration
          </span>
        </div>
      </div>
      <Blocks items={events} role="rowgroup" className={classes.block}>
        {(block) => block.map((event) => <EventRow key={event.id} {...{ org, event, ofOne }} />)}
      </Blocks>
    </div>
    // biome-ignore-end lint/a11y/useFocusableInteractive: see above
    // biome-ignore-end lint/a11y/useSemanticElements: see above
  );
}

function EventRow({ org, event, ofOne }: { org: string; event: AuditEvent; ofOne: boolean }) {
  const { id, at, action, isTool, connector, user, outcome, durationMs } = event;
  return (
    // biome-ignore-start lint/a11y/useSemanticElements: see above
    // biome-ignore-start lint/a11y/useFocusableInteractive: see above
    <div role="row" className={classes.row}>
      <span role="cell" className={classes.time}>
        <time dateTime={at.toISOString()} title={at.toLocaleString()}>
          {shortTime(at)}
        </time>
      </span>
      <span role="cell" className={classes.what}>
        <Link to="/$org/audit/$id" params={{ org, id }} className={classes.link}>
          {isTool ? <code>{action}</code> : action}
        </Link>
      </span>
      {!ofOne && (
        <span role="cell" className={classes.connector} title={connector ?? undefined}>
          {connector ?? <Nothing />}
        </span>
      )}
      <span role="cell" className={classes.who} title={user ?? undefined}>
        {user ?? <Nothing />}
      </span>
      <span role="cell" className={classes.outcome}>
        <Outcome outcome={outcome} />
      </span>
      <span role="cell" className={`${classes.number} ${classes.duration}`}>
        {durationMs === undefined ? <Nothing /> : durationOf(durationMs)}
      </span>
    </div>
    // biome-ignore-end lint/a11y/useFocusableInteractive: see above
    // biome-ignore-end lint/a11y/useSemanticElements: see above
  );
}

const Nothing = () => <span className={classes.nothing}>–</span>;

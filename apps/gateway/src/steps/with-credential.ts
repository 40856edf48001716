import { Fault } from "@gatehouse/faults";
import type { Dependencies } from "../dependencies.ts";
import type { Step } from "../exchange.ts";
import type { ConnectorSnapshot, OrgSnapshot } from "../snapshots.ts";

/** What a connector's credential is sealed as: the token, and the only origin that it may be sent to. */
interface OrgCredential {
  origin: string;
  bearer: string;
}

/** Adds what opens the upstream. The client's own token never goes there. */
export function withCredential({ vault }: Pick<Dependencies, "vault">): Step {
  return function withCredential(exchange) {
    const { org, connector } = exchange;
    if (connector.credential === null) return;
    return openCredential(org, connector).then((opened) => {
      exchange.authorization = opened;
    });
  };

  async function openCredential(
    org: OrgSnapshot,
    { id, credential, origin, name }: ConnectorSnapshot,
  ): Promise<string> {
    const opened: OrgCredential = JSON.parse(await vault.open({ org: org.id, row: `connectors/${id}` }, credential!));
    if (opened.origin === origin) return `Bearer ${opened.bearer}`;
    throw new Fault(
      "upstream_failed",
      `The credential of ${name} was given for another address. An owner can enter it anew.`,
    );
  }
}

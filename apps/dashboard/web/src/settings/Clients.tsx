import { Panel } from "../ui/Panel.tsx";

/** Which apps members may connect. */
export function Clients(_: { org: string }) {
  return (
    <Panel title="Clients" lead="The apps that members connect with, such as Claude.">
      {null}
    </Panel>
  );
}

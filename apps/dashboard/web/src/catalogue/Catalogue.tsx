import { Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Panel } from "../ui/Panel.tsx";
import classes from "./catalogue.module.css";
import { KNOWN_SERVERS, type KnownServer } from "./servers.ts";

const SIGN_IN = {
  none: "No sign-in",
  account: "Each member signs in",
  app: "Each member signs in, by an OAuth app that you make there",
};

/** Well-known servers; choosing one fills in the form for it. */
export function Catalogue() {
  const [sought, setSought] = useState("");
  const shown = KNOWN_SERVERS.filter((server) => matches(server, sought));
  return (
    <Panel
      title="Well-known servers"
      lead="Run by the companies named. You look at what is found before anybody uses it."
    >
      <TextInput
        mb="md"
        maw={320}
        type="search"
        aria-label="Search servers"
        placeholder="Search servers"
        leftSection={<IconSearch size={15} aria-hidden />}
        value={sought}
        onChange={(event) => setSought(event.currentTarget.value)}
      />
      <ul className={classes.servers}>
        {shown.map((server) => (
          <li key={server.id}>
            <Entry server={server} />
          </li>
        ))}
      </ul>
      {shown.length === 0 && (
        <Text size="sm" c="dimmed" role="status">
          None is called so. Any MCP server can be registered by its URL.
        </Text>
      )}
    </Panel>
  );
}

function Entry({ server: { id, name, about, signIn } }: { server: KnownServer }) {
  return (
    <Link to="." search={{ server: id } as never} className={classes.server}>
      <span className={classes.letter} aria-hidden>
        {name[0]}
      </span>
      <span className={classes.about}>
        <Text span size="sm" fw={600}>
          {name}
        </Text>
        <Text span size="sm">
          {about}
        </Text>
        <Text span size="xs" c="dimmed">
          {SIGN_IN[signIn]}
        </Text>
      </span>
    </Link>
  );
}

function matches({ name, about }: KnownServer, sought: string): boolean {
  return `${name} ${about}`.toLowerCase().includes(sought.trim().toLowerCase());
}

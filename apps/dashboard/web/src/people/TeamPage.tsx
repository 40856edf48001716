import { Text } from "@mantine/core";
import { useParams, useSearch } from "@tanstack/react-router";
import { pageMembers } from "../api/people/people.ts";
import { pageTeamMembers } from "../api/people/teams.ts";
import { useOrg } from "../session.ts";
import { EndButton } from "../ui/EndButton.tsx";
import { LongList } from "../ui/LongList.tsx";
import { Page } from "../ui/Page.tsx";
import { Panel } from "../ui/Panel.tsx";
import { SoughtSelect } from "../ui/Sought.tsx";
import { Failure, NotFound } from "../ui/states.tsx";
import { usePages } from "../ui/use-pages.ts";
import classes from "./people.module.css";
import { useTeam } from "./use-teams.ts";

const SEARCH = { label: "Search the team", placeholder: "Search names and addresses" };

/** Who is in a team. */
export function TeamPage() {
  const org = useOrg()!;
  const { team } = useParams({ from: "/signed-in/$org/people/teams/$team" });
  const { q = "" } = useSearch({ from: "/signed-in/$org/people/teams/$team" });
  const pages = usePages({
    queryKey: ["teams", org.slug, team],
    read: (query) => pageTeamMembers(org.slug, team, query),
    itemsOf: ({ members }) => members,
    q,
    enabled: org.mayChange,
  });
  const { add, take } = useTeam(org.slug, team);
  if (!org.mayChange) return <NotFound />;
  const error = add.error ?? take.error;
  const name = pages.first?.team ?? "Team";
  return (
    <Page
      title={name}
      lead="What is open to this team alone can be used by whoever is in it."
      back={{ label: "People", href: `/${org.slug}/people` }}
    >
      {error && <Failure error={error} />}
      <Panel title="Members" flush>
        {pages.first && (
          <div className={classes.adding}>
            <SoughtSelect
              label="Add somebody"
              placeholder="Search names and addresses"
              nothing="No member is called so"
              size="sm"
              queryKey={["people", org.slug]}
              find={(search) => membersCalled(org.slug, search)}
              value={null}
              onChange={(member) => member && add.mutate(member.value)}
            />
          </div>
        )}
        <LongList
          pages={pages}
          keyOf={({ id }) => id}
          search={SEARCH}
          className={classes.list}
          nothing={
            <Text size="sm" c="dimmed" px="lg" pb="lg">
              Nobody yet.
            </Text>
          }
        >
          {({ id, name: member, email }) => (
            <li className={`${classes.row} ${classes.teamMember}`}>
              <div className={classes.who}>
                <Text size="sm" fw={600}>
                  {member}
                </Text>
                <Text size="sm" c="dimmed">
                  {email}
                </Text>
              </div>
              <div className={classes.actions}>
                <EndButton
                  label="Take out"
                  name={`${member} of ${name}`}
                  question={`${member} can no longer use what is open to ${name} alone.`}
                  pending={take.isPending && take.variables === id}
                  onEnd={() => take.mutate(id)}
                />
              </div>
            </li>
          )}
        </LongList>
      </Panel>
    </Page>
  );
}

const OFFERED = "20";

async function membersCalled(org: string, search: string) {
  const { members } = await pageMembers(org, { limit: OFFERED, ...(search ? { search } : {}) });
  return members.map(({ id, name, email }) => ({ value: id, label: `${name} (${email})` }));
}

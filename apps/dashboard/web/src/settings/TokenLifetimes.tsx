import { Button, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { changeTokenLifetimes, type TokenLifetimes as Read, readTokenLifetimes } from "../api/clients/tokens.ts";
import { ApiProblem } from "../api/problem.ts";
import { NotSaved } from "../ui/NotSaved.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import { useEdit } from "../ui/use-edit.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

type Name = keyof Read["set"];

const FIELDS: { name: Name; label: string; description: string; choices: number[] }[] = [
  {
    name: "accessTokenTtlSeconds",
    label: "Access token",
    description: "Then the app renews it by itself. Ending somebody's access never waits for this.",
    choices: [5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR],
  },
  {
    name: "refreshTokenTtlSeconds",
    label: "Connection that is not used",
    description: "An app that nobody has used for this long has to be connected again.",
    choices: [HOUR, 8 * HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY],
  },
  {
    name: "refreshTokenTtlSecondsMax",
    label: "Any connection",
    description: "Members sign in and connect again after this time, however much they use an app.",
    choices: [DAY, 7 * DAY, 30 * DAY, 90 * DAY, 180 * DAY, 365 * DAY],
  },
];

const lifetimesQuery = (org: string) =>
  queryOptions({ queryKey: ["token-lifetimes", org], queryFn: () => readTokenLifetimes(org) });

/** For how long members stay connected without doing anything about it. */
export function TokenLifetimes({ org }: { org: string }) {
  const { data, error, refetch } = useQuery(lifetimesQuery(org));
  return (
    <Panel title="Staying connected" lead="How long an app goes on working before its member has to connect it again.">
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !data && <Loading />}
      {data && <LifetimesForm org={org} read={data} />}
    </Panel>
  );
}

function LifetimesForm({ org, read }: { org: string; read: Read }) {
  const { set, bounds } = read;
  const { fields: wanted, setFields: setWanted, isChanged, base, reset } = useEdit(read, ({ set }) => set);
  const queryClient = useQueryClient();
  const readAgain = () => queryClient.invalidateQueries({ queryKey: lifetimesQuery(org).queryKey });
  const save = useMutation({
    mutationFn: (etag: string | null) => changeTokenLifetimes(org, wanted, etag),
    onSuccess: readAgain,
  });
  const { mutate, error, isPending } = save;
  const problems = error instanceof ApiProblem ? error.fields : {};

  async function seeTheirs(): Promise<void> {
    await readAgain();
    save.reset();
    reset();
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        mutate(base.etag);
      }}
    >
      <Stack gap="md" maw={440}>
        {FIELDS.map(({ name, label, description, choices }) => (
          <NativeSelect
            key={name}
            {...{ label, description, error: problems[name] }}
            value={wanted[name] ?? ""}
            onChange={({ currentTarget: { value } }) =>
              setWanted({ ...wanted, [name]: value === "" ? null : Number(value) })
            }
            data={optionsOf(choices, bounds[name].usual, set[name])}
          />
        ))}
        {error && Object.keys(problems).length === 0 && (
          <NotSaved error={error} pending={isPending} onTheirs={seeTheirs} onMine={() => mutate(null)} />
        )}
        <Group>
          <Button type="submit" disabled={!isChanged} loading={isPending}>
            Save
          </Button>
          <Text size="sm" c="dimmed" role="status">
            {isChanged ? "Not saved yet" : save.isSuccess && "Saved"}
          </Text>
        </Group>
      </Stack>
    </form>
  );
}

/** What somebody has set otherwise than here can be chosen too. */
function optionsOf(choices: number[], usual: number, set: number | null) {
  const all = new Set([...choices, ...(set === null ? [] : [set])].filter((seconds) => seconds !== usual));
  const sorted = [...all].sort((a, b) => a - b).map((seconds) => ({ value: String(seconds), label: inWords(seconds) }));
  return [{ value: "", label: `${inWords(usual)} (usual)` }, ...sorted];
}

function inWords(seconds: number): string {
  const [unit, length] =
    seconds % DAY === 0 ? ["day", DAY] : seconds % HOUR === 0 ? ["hour", HOUR] : ["minute", MINUTE];
  return new Intl.NumberFormat("en", { style: "unit", unit, unitDisplay: "long" }).format(seconds / length);
}

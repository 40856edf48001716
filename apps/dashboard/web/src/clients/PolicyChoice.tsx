import { Radio, Stack } from "@mantine/core";
import { type Clients, chooseClientPolicy } from "../api/clients/clients.ts";
import { Failure } from "../ui/states.tsx";
import { useDisconnecting } from "./use-disconnecting.tsx";

const POLICIES = [
  { value: "any", label: "Any app", description: "Members decide for themselves, but for the apps that you block." },
  {
    value: "listed",
    label: "Only apps on a list",
    description: "You say which hosts members may connect apps from; they can ask for others.",
  },
  {
    value: "approved",
    label: "Only apps that an admin has approved",
    description: "Each app is looked at once, when the first member asks for it.",
  },
] as const;

export function PolicyChoice({ org, policy }: { org: string; policy: Clients["policy"] }) {
  const { submit, confirmation, error, isPending, wanted } = useDisconnecting(
    org,
    (change: { policy: Clients["policy"]; confirmed?: boolean }, shown) => chooseClientPolicy(org, shown, change),
  );
  return (
    <>
      {error && <Failure error={error} />}
      <Radio.Group
        label="Members may connect"
        value={isPending && wanted ? wanted.policy : policy}
        onChange={(value) => submit({ policy: value as Clients["policy"] })}
      >
        <Stack gap="sm" mt="xs">
          {POLICIES.map((choice) => (
            <Radio key={choice.value} {...choice} />
          ))}
        </Stack>
      </Radio.Group>
      {confirmation}
    </>
  );
}

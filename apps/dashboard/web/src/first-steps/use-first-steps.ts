import { queryOptions, useQuery } from "@tanstack/react-query";
import { type FirstSteps, readFirstSteps } from "../api/org/org.ts";
import { useOrg } from "../session.ts";

const firstStepsQuery = (org: string) =>
  queryOptions({ queryKey: ["first-steps", org], queryFn: () => readFirstSteps(org), staleTime: 0 });

/** For owners and admins; there is nothing of it for others. */
export function useFirstSteps({ everyMs }: { everyMs?: number } = {}) {
  const org = useOrg();
  return useQuery({
    ...firstStepsQuery(org?.slug ?? ""),
    enabled: org?.mayChange === true,
    ...(everyMs ? { refetchInterval: everyMs } : {}),
  });
}

interface StepOfFirst {
  id: string;
  title: string;
  about: string;
  isDone: (progress: FirstSteps) => boolean;
}

export const STEPS: readonly StepOfFirst[] = [
  {
    id: "register",
    title: "Register a connector",
    about: "A well-known MCP server, any other by its URL, or an API by its description.",
    isDone: ({ connector }) => connector !== null,
  },
  {
    id: "found",
    title: "Look at what was found",
    about: "What it speaks, how it is opened, its tools, and what may go wrong with them.",
    isDone: ({ isSeen }) => isSeen,
  },
  {
    id: "tools",
    title: "Choose its tools",
    about: "Which of them are offered, and which only read.",
    isDone: ({ hasChosen }) => hasChosen,
  },
  {
    id: "invite",
    title: "Invite people",
    about: "They get a link by mail, and sign in as themselves.",
    isDone: ({ hasInvited }) => hasInvited,
  },
  {
    id: "connect",
    title: "Connect Claude",
    about: "claude.ai, Desktop, Claude Code, Cursor, VS Code, or a program of your own.",
    isDone: ({ hasConnected }) => hasConnected,
  },
];

export const stepsLeft = (progress: FirstSteps): number => STEPS.filter(({ isDone }) => !isDone(progress)).length;

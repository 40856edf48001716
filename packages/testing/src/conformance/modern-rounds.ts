import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type InputRequiredResult,
  inputRequired,
  type RequestStateCodec,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { Answers, Asking, Asks } from "./catalogue.ts";

/** A call of the modern era: where it needs something of the client, it answers with what it needs. */
export type ModernCall = ServerContext["mcpReq"];

/** Seals what the client carries from one round to the next. */
export type RoundState = RequestStateCodec<Round>;

interface Round {
  round: number;
}

/** The next round of asks as the result, or what comes of the answers to the last. */
export async function askOrConclude<Result>(
  asking: Asking<Result>,
  args: Record<string, unknown>,
  call: ModernCall,
  state: RoundState,
): Promise<Result | InputRequiredResult> {
  const rounds = asking.rounds(args, declaredCapabilities(call));
  const carried = call.requestState<Round>();
  const round = carried?.round ?? 0;
  const answers = (asking.withState && !carried ? undefined : call.inputResponses) ?? {};
  const next = rounds[round] && !hasAll(answers, rounds[round]) ? round : round + 1;
  const inputRequests = rounds[next];
  if (!inputRequests) return asking.conclude(answers);
  return inputRequired({
    inputRequests,
    ...(asking.withState && { requestState: await state.mint({ round: next }) }),
  });
}

function hasAll(answers: Answers, asks: Asks): boolean {
  return Object.keys(asks).every((name) => typeof answers[name] === "object" && answers[name] !== null);
}

/** The SDK's type of the envelope is empty, what is in it notwithstanding. */
function declaredCapabilities({ envelope }: ModernCall): ClientCapabilities {
  const declared = envelope as { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } | undefined;
  return declared?.[CLIENT_CAPABILITIES_META_KEY] ?? {};
}

import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type GetPromptResult,
  type InputRequest,
  type InputRequests,
  type InputRequiredResult,
  inputRequired,
  type RequestStateCodec,
  type ServerContext,
  type ServerEventBus,
} from "@modelcontextprotocol/server";
import { type FixturePrompt, type FixtureTool, fromUser, prompts, say, text, tools } from "./catalogue.ts";

/** A call of the modern era: where it needs something of the client, it answers with what it needs. */
export type ModernCall = ServerContext["mcpReq"];
export type ModernTools = Record<string, FixtureTool<ModernCall, CallToolResult | InputRequiredResult>>;
type ModernPrompts = Record<string, FixturePrompt<ModernCall, GetPromptResult | InputRequiredResult>>;

/** What outlives a request, where a server lives for one request only. */
export interface ModernDeps {
  /** Seals what the client carries from one round to the next. */
  state: RequestStateCodec<Round>;
  /** Where `subscriptions/listen` hears of changes. */
  bus: ServerEventBus;
}

interface Round {
  round: number;
}

type Field = { type: "string" } | { type: "boolean" };

function askUser(message: string, property: string, field: Field = { type: "string" }): InputRequest {
  const requestedSchema = { type: "object" as const, properties: { [property]: field }, required: [property] };
  return inputRequired.elicit({ message, requestedSchema });
}

function askModel(prompt: string): InputRequest {
  return inputRequired.createMessage({ messages: [{ role: "user", content: text(prompt) }], maxTokens: 100 });
}

const askName = askUser("What is your name?", "name");
const askColour = askUser("Step 2: what is your favourite colour?", "color");
const askRoots: InputRequest = inputRequired.listRoots();

const plainTools: ModernTools = {
  ...tools,
  test_streaming_elicitation: {
    description: "Answers on its stream with nothing but its result",
    run: () => say("Nothing was asked."),
  },
  test_logging_tool: {
    description: "Logs a line for the clients that want it",
    run: logOneLine,
  },
  test_x_mcp_header: {
    description: "Takes a region that the client repeats in a header",
    inputSchema: {
      type: "object",
      properties: { region: { type: "string", "x-mcp-header": "Region" }, level: { type: "integer" } },
    },
    run: ({ region }) => say(`region=${region}`),
  },
};

const askingTools: ModernTools = {
  test_missing_capability: {
    description: "Asks the client's model, which a client without sampling does not offer",
    run: (_args, call) => unlessAnswered(call, "answer", askModel("Say pong.")),
  },
  test_input_required_result_elicitation: {
    description: "Asks for the user's name",
    run: greet,
  },
  test_input_required_result_sampling: {
    description: "Asks the client's model",
    run: (_args, call) => unlessAnswered(call, "capital_question", askModel("What is the capital of France?")),
  },
  test_input_required_result_list_roots: {
    description: "Asks for the client's roots",
    run: (_args, call) => unlessAnswered(call, "client_roots", askRoots),
  },
  test_input_required_result_capabilities: {
    description: "Asks only for what the client says it can give",
    run: askWithinCapabilities,
  },
};

export function modernTools({ state, bus }: ModernDeps): ModernTools {
  return { ...plainTools, ...askingTools, ...toolsWithState(state), ...toolsThatChangeLists(bus) };
}

function toolsWithState(state: ModernDeps["state"]): ModernTools {
  return {
    test_input_required_result_request_state: {
      description: "Asks for a confirmation and has the client carry the state",
      run: (_args, call) => confirm(call, state),
    },
    test_input_required_result_tampered_state: {
      description: "Asks for a confirmation and refuses a state that the client has changed",
      run: (_args, call) => confirm(call, state),
    },
    test_input_required_result_multiple_inputs: {
      description: "Asks the user, the model and for the roots at once",
      run: (_args, call) => askThreeAtOnce(call, state),
    },
    test_input_required_result_multi_round: {
      description: "Asks twice, one after the other",
      run: (_args, call) => askTwice(call, state),
    },
  };
}

/** No list does change: it is the news of it that these two bring about. */
function toolsThatChangeLists(bus: ServerEventBus): ModernTools {
  return {
    test_trigger_tool_change: {
      description: "Tells those who listen that the tools have changed",
      run: () => tell(bus, "tools_list_changed"),
    },
    test_trigger_prompt_change: {
      description: "Tells those who listen that the prompts have changed",
      run: () => tell(bus, "prompts_list_changed"),
    },
  };
}

function tell(bus: ServerEventBus, kind: "tools_list_changed" | "prompts_list_changed"): CallToolResult {
  bus.publish({ kind });
  return say("Told.");
}

export const modernPrompts: ModernPrompts = {
  ...prompts,
  test_input_required_result_prompt: {
    description: "Asks for a context before it says anything",
    render: renderWithContext,
  },
};

async function logOneLine(_args: unknown, call: ModernCall): Promise<CallToolResult> {
  await call.log("info", "A line");
  return say("One line logged.");
}

function unlessAnswered(call: ModernCall, key: string, request: InputRequest): CallToolResult | InputRequiredResult {
  const answer = call.inputResponses?.[key];
  return answer ? say(JSON.stringify(answer)) : inputRequired({ inputRequests: { [key]: request } });
}

function greet(_args: unknown, call: ModernCall): CallToolResult | InputRequiredResult {
  const name = acceptedContent(call.inputResponses, "user_name")?.name;
  return name ? say(`Hello, ${name}!`) : inputRequired({ inputRequests: { user_name: askName } });
}

function askWithinCapabilities(_args: unknown, call: ModernCall): CallToolResult | InputRequiredResult {
  const { elicitation, sampling, roots } = declaredCapabilities(call);
  const inputRequests: InputRequests = {
    ...(elicitation && { user_name: askName }),
    ...(sampling && { greeting: askModel("Greet the user.") }),
    ...(roots && { client_roots: askRoots }),
  };
  const nothingToAsk = call.inputResponses || Object.keys(inputRequests).length === 0;
  return nothingToAsk ? say("Nothing more to ask.") : inputRequired({ inputRequests });
}

/** The SDK's type of the envelope is empty, what is in it notwithstanding. */
function declaredCapabilities({ envelope }: ModernCall): ClientCapabilities {
  const declared = envelope as { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } | undefined;
  return declared?.[CLIENT_CAPABILITIES_META_KEY] ?? {};
}

async function confirm(call: ModernCall, state: ModernDeps["state"]): Promise<CallToolResult | InputRequiredResult> {
  const confirmed = acceptedContent(call.inputResponses, "confirm") && call.requestState<Round>();
  if (confirmed) return say("state-ok: confirmed, and the state is the one that was given.");
  return inputRequired({
    inputRequests: { confirm: askUser("Please confirm", "ok", { type: "boolean" }) },
    requestState: await state.mint({ round: 1 }),
  });
}

async function askThreeAtOnce(
  { inputResponses }: ModernCall,
  state: ModernDeps["state"],
): Promise<CallToolResult | InputRequiredResult> {
  const inputRequests = { user_name: askName, greeting: askModel("Greet the user."), client_roots: askRoots };
  if (Object.keys(inputRequests).every((key) => inputResponses?.[key])) return say(JSON.stringify(inputResponses));
  return inputRequired({ inputRequests, requestState: await state.mint({ round: 1 }) });
}

async function askTwice(call: ModernCall, state: ModernDeps["state"]): Promise<CallToolResult | InputRequiredResult> {
  const round = (call.requestState<Round>()?.round ?? 0) + 1;
  const inputRequests = [{ step1: askName }, { step2: askColour }][round - 1];
  if (!inputRequests) return say("Both questions are answered.");
  return inputRequired({ inputRequests, requestState: await state.mint({ round }) });
}

function renderWithContext(_args: unknown, call: ModernCall): GetPromptResult | InputRequiredResult {
  const context = acceptedContent(call.inputResponses, "user_context")?.context;
  if (context) return fromUser(text(`Use this context: ${context}`));
  const askContext = askUser("What context should the prompt use?", "context");
  return inputRequired({ inputRequests: { user_context: askContext } });
}

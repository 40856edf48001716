import type { CallToolResult, ClientCapabilities, InputRequest } from "@modelcontextprotocol/server";
import { type Answers, type AskingPrompt, type AskingTool, type Asks, fromUser, say, text } from "./catalogue.ts";

type Fields = Record<string, unknown>;

function askUser(message: string, properties: Fields, required?: string[]): InputRequest {
  const requestedSchema = { type: "object", properties, ...(required && { required }) };
  return { method: "elicitation/create", params: { message, requestedSchema } } as InputRequest;
}

const askFor = (message: string, property: string, type: "string" | "boolean" = "string"): InputRequest =>
  askUser(message, { [property]: { type } }, [property]);

function askModel(prompt: string): InputRequest {
  const messages = [{ role: "user" as const, content: text(prompt) }];
  return { method: "sampling/createMessage", params: { messages, maxTokens: 100 } };
}

const askRoots: InputRequest = { method: "roots/list" };
const askName = askFor("What is your name?", "name");

const fieldsWithDefaults: Fields = {
  name: { type: "string", default: "John Doe" },
  age: { type: "integer", default: 30 },
  score: { type: "number", default: 95.5 },
  status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
  verified: { type: "boolean", default: true },
};

const untitled = ["option1", "option2", "option3"];
const titled = ["value1", "value2", "value3"].map((value, at) => ({ const: value, title: `Choice ${at + 1}` }));

const choices: Fields = {
  untitledSingle: { type: "string", enum: untitled },
  titledSingle: { type: "string", oneOf: titled },
  legacyEnum: { type: "string", enum: ["opt1", "opt2", "opt3"], enumNames: ["One", "Two", "Three"] },
  untitledMulti: { type: "array", items: { type: "string", enum: untitled } },
  titledMulti: { type: "array", items: { anyOf: titled } },
};

const sayAnswers = (answers: Answers) => say(JSON.stringify(answers));

function sayElicited({ answer }: Answers): CallToolResult {
  const { action, content = {} } = answer as { action: string; content?: unknown };
  return say(`Elicitation completed: action=${action}, content=${JSON.stringify(content)}`);
}

function saySampled({ answer }: Answers): CallToolResult {
  const { content } = answer as { content: { type: string; text?: string } };
  return say(`LLM response: ${content.text ?? content.type}`);
}

const oneArgument = (name: string) => ({
  type: "object" as const,
  properties: { [name]: { type: "string" } },
  required: [name],
});

/** What the suite's scenarios of 2025-11-25 call. */
const asksOnTheStream: Record<string, AskingTool> = {
  test_sampling: {
    description: "Asks the client's model",
    inputSchema: oneArgument("prompt"),
    rounds: ({ prompt }) => [{ answer: askModel(String(prompt)) }],
    conclude: saySampled,
  },
  test_elicitation: {
    description: "Asks the user for an answer",
    inputSchema: oneArgument("message"),
    rounds: ({ message }) => [
      { answer: askUser(String(message), { response: { type: "string", description: "The answer" } }) },
    ],
    conclude: sayElicited,
  },
  test_elicitation_sep1034_defaults: {
    description: "Asks the user to review a form with a default in every field",
    rounds: () => [{ answer: askUser("Review these fields", fieldsWithDefaults) }],
    conclude: sayElicited,
  },
  test_elicitation_sep1330_enums: {
    description: "Asks the user to choose, in each of the ways a choice can be described",
    rounds: () => [{ answer: askUser("Choose", choices) }],
    conclude: sayElicited,
  },
};

/** What the suite's scenarios of 2026-07-28 call. */
const asksInRounds: Record<string, AskingTool> = {
  test_streaming_elicitation: {
    description: "Asks for the user's name, on a stream where there is one",
    rounds: () => [{ user_name: askName }],
    conclude: sayAnswers,
  },
  test_missing_capability: {
    description: "Asks the client's model, which a client without sampling does not offer",
    rounds: () => [{ answer: askModel("Say pong.") }],
    conclude: sayAnswers,
  },
  test_input_required_result_elicitation: {
    description: "Asks for the user's name",
    rounds: () => [{ user_name: askName }],
    conclude: sayAnswers,
  },
  test_input_required_result_sampling: {
    description: "Asks the client's model",
    rounds: () => [{ capital_question: askModel("What is the capital of France?") }],
    conclude: sayAnswers,
  },
  test_input_required_result_list_roots: {
    description: "Asks for the client's roots",
    rounds: () => [{ client_roots: askRoots }],
    conclude: sayAnswers,
  },
  test_input_required_result_capabilities: {
    description: "Asks only for what the client says it can give",
    rounds: (_args, client) => askWithin(client),
    conclude: () => say("Nothing more to ask."),
  },
};

function askWithin({ elicitation, sampling, roots }: ClientCapabilities): Asks[] {
  const asks: Asks = {
    ...(elicitation && { user_name: askName }),
    ...(sampling && { greeting: askModel("Greet the user.") }),
    ...(roots && { client_roots: askRoots }),
  };
  return Object.keys(asks).length > 0 ? [asks] : [];
}

const confirm: Omit<AskingTool, "description"> = {
  rounds: () => [{ confirm: askFor("Please confirm", "ok", "boolean") }],
  withState: true,
  conclude: () => say("state-ok: confirmed, and the state is the one that was given."),
};

const asksWithState: Record<string, AskingTool> = {
  test_input_required_result_request_state: {
    description: "Asks for a confirmation and has the client carry the state",
    ...confirm,
  },
  test_input_required_result_tampered_state: {
    description: "Asks for a confirmation and refuses a state that the client has changed",
    ...confirm,
  },
  test_input_required_result_multiple_inputs: {
    description: "Asks the user, the model and for the roots at once",
    rounds: () => [{ user_name: askName, greeting: askModel("Greet the user."), client_roots: askRoots }],
    withState: true,
    conclude: sayAnswers,
  },
  test_input_required_result_multi_round: {
    description: "Asks twice, one after the other",
    rounds: () => [{ step1: askName }, { step2: askFor("Step 2: what is your favourite colour?", "color") }],
    withState: true,
    conclude: () => say("Both questions are answered."),
  },
};

export const askingTools: Record<string, AskingTool> = { ...asksOnTheStream, ...asksInRounds, ...asksWithState };

export const askingPrompts: Record<string, AskingPrompt> = {
  test_input_required_result_prompt: {
    description: "Asks for a context before it says anything",
    rounds: () => [{ user_context: askFor("What context should the prompt use?", "context") }],
    conclude: (answers) => fromUser(text(`Use this context: ${JSON.stringify(answers)}`)),
  },
};

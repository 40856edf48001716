// Used by the pages as well as by mail: nothing here is of a server or of a browser alone.

/** An MCP endpoint of ours, as people give it to their clients. */
export interface Endpoint {
  slug: string;
  name: string;
  address: string;
}

/** One thing to do, in words, and what there is to copy or to press for it. */
export interface Step {
  say: string;
  copy?: { label: string; text: string };
  press?: { label: string; href: string };
}

export interface ConnectingClient {
  id: string;
  name: string;
  /** Its maker's servers do the calling, so that the address has to be a public one. */
  callsFromOutside: boolean;
  /** What does instead while the address is local, on the machine that it is local to. */
  stepsWhileLocal?(endpoint: Endpoint): Step[];
  /** For who writes programs, or looks for what is wrong with one. */
  isForPrograms?: boolean;
  steps(endpoint: Endpoint): Step[];
}

const CUSTOM_CONNECTOR = "In Customize → Connectors, press + and choose “Add custom connector”.";
const SIGN_IN_THERE = "Leave the advanced settings empty. Press Add, then Connect, and sign in here as yourself.";
const OWNER_FIRST =
  "On Team and Enterprise plans, an owner of your Claude organisation adds it first; then it is in your list, to be connected.";

function addCustomConnector({ name, address }: Endpoint): Step[] {
  return [
    { say: `${CUSTOM_CONNECTOR} Its name:`, copy: { label: "the name", text: name } },
    { say: "Its URL:", copy: { label: "the address", text: address } },
    { say: `${SIGN_IN_THERE} ${OWNER_FIRST}` },
  ];
}

/** The Messages API takes no sign-in: whoever calls it brings a token. */
const messagesRequest = ({ slug, address }: Endpoint) => `curl https://api.anthropic.com/v1/messages \\
  -H "content-type: application/json" \\
  -H "x-api-key: $ANTHROPIC_API_KEY" \\
  -H "anthropic-version: 2023-06-01" \\
  -H "anthropic-beta: mcp-client-2025-11-20" \\
  -d @- <<END
{
  "model": "claude-sonnet-4-5",
  "max_tokens": 1000,
  "messages": [{ "role": "user", "content": "Which tools do you have?" }],
  "mcp_servers": [
    {
      "type": "url",
      "name": "${slug}",
      "url": "${address}",
      "authorization_token": "$GATEHOUSE_TOKEN"
    }
  ],
  "tools": [{ "type": "mcp_toolset", "mcp_server_name": "${slug}" }]
}
END`;

/** `mcp-remote` speaks plain http to its own machine alone, unless it is told to. */
function throughBridge({ slug, address }: Endpoint): Step[] {
  const { protocol, hostname } = new URL(address);
  const isPlain = protocol === "http:" && hostname !== "localhost" && hostname !== "127.0.0.1";
  const server = { command: "npx", args: ["-y", "mcp-remote", address, ...(isPlain ? ["--allow-http"] : [])] };
  return [
    {
      say: "In Claude Desktop, open Settings → Developer → Edit Config, and put this into claude_desktop_config.json (Node.js has to be there):",
      copy: { label: "the configuration", text: inJson({ mcpServers: { [slug]: server } }) },
    },
    { say: "Start Claude Desktop again. Your browser opens: sign in here as yourself." },
  ];
}

const inJson = (value: object) => JSON.stringify(value, null, 2);
/** Slugs and addresses are ASCII, which is all that `btoa` takes. */
const inBase64 = (value: object) => btoa(JSON.stringify(value));

export const CLIENTS: readonly ConnectingClient[] = [
  {
    id: "claude",
    name: "claude.ai",
    callsFromOutside: true,
    steps: (endpoint) => [
      { say: "Open Claude in your browser.", press: { label: "Open claude.ai", href: "https://claude.ai" } },
      ...addCustomConnector(endpoint),
    ],
  },
  {
    id: "desktop",
    name: "Claude Desktop",
    callsFromOutside: true,
    steps: (endpoint) => [
      { say: "Open Claude Desktop. It shares its connectors with claude.ai: one that you have there is here too." },
      ...addCustomConnector(endpoint),
    ],
    stepsWhileLocal: throughBridge,
  },
  {
    id: "claude-code",
    name: "Claude Code",
    callsFromOutside: false,
    steps: ({ slug, address }) => [
      {
        say: "Run this in a terminal:",
        copy: { label: "the command", text: `claude mcp add --transport http ${slug} ${address}` },
      },
      {
        say: `Then, in Claude Code, choose “${slug}” in this menu, and sign in here as yourself:`,
        copy: { label: "the command in Claude Code", text: "/mcp" },
      },
    ],
  },
  {
    id: "cursor",
    name: "Cursor",
    callsFromOutside: false,
    steps: ({ slug, address }) => [
      {
        say: "Press this, and confirm in Cursor:",
        press: {
          label: "Install in Cursor",
          href: `cursor://anysphere.cursor-deeplink/mcp/install?name=${slug}&config=${encodeURIComponent(inBase64({ url: address }))}`,
        },
      },
      {
        say: "Or put this into ~/.cursor/mcp.json:",
        copy: { label: "the configuration", text: inJson({ mcpServers: { [slug]: { url: address } } }) },
      },
      { say: "Cursor then asks you to sign in here as yourself." },
    ],
  },
  {
    id: "vscode",
    name: "VS Code",
    callsFromOutside: false,
    steps: ({ slug, address }) => {
      const server = { name: slug, type: "http", url: address };
      return [
        {
          say: "Press this, and confirm in VS Code:",
          press: {
            label: "Install in VS Code",
            href: `vscode:mcp/install?${encodeURIComponent(JSON.stringify(server))}`,
          },
        },
        {
          say: "Or run this in a terminal:",
          copy: { label: "the command", text: `code --add-mcp '${JSON.stringify(server)}'` },
        },
        { say: "VS Code then asks you to sign in here as yourself." },
      ];
    },
  },
  {
    id: "messages-api",
    name: "Messages API",
    callsFromOutside: true,
    isForPrograms: true,
    steps: (endpoint) => [
      { say: "A program cannot sign in: make a personal token under My access, and keep it in GATEHOUSE_TOKEN." },
      {
        say: "Send a request with the connector in mcp_servers:",
        copy: { label: "the request", text: messagesRequest(endpoint) },
      },
    ],
  },
  {
    id: "inspector",
    name: "MCP Inspector",
    callsFromOutside: false,
    isForPrograms: true,
    steps: ({ address }) => [
      {
        say: "Run this in a terminal:",
        copy: {
          label: "the command",
          text: `npx @modelcontextprotocol/inspector --transport http --server-url ${address}`,
        },
      },
      { say: "In the page that opens, press Connect, and sign in here as yourself." },
    ],
  },
];

/** What a specification demands of a server that speaks Streamable HTTP, word by word. */
export interface Must {
  id: string;
  quote: string;
  url: string;
}

const MODERN = "https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http";
const LEGACY = "https://modelcontextprotocol.io/specification/2025-11-25/basic/transports";

/** Each is cited by the test that shows it, by its id. */
export const MUSTS: Must[] = [
  {
    id: "MUST-M01",
    quote:
      "The server MUST provide a single HTTP endpoint path (hereafter referred to as the MCP endpoint) that supports POST.",
    url: MODERN,
  },
  {
    id: "MUST-M02",
    quote: "Servers MUST validate the Origin header on all incoming connections to prevent DNS rebinding attacks.",
    url: `${MODERN}#security-&-endpoint`,
  },
  {
    id: "MUST-M03",
    quote: "If the Origin header is present and invalid, servers MUST respond with HTTP 403 Forbidden.",
    url: `${MODERN}#security-&-endpoint`,
  },
  {
    id: "MUST-M04",
    quote:
      "The body of the HTTP POST MUST be a single JSON-RPC request or notification. The client MUST NOT send JSON-RPC responses.",
    url: `${MODERN}#sending-messages`,
  },
  {
    id: "MUST-M05",
    quote: "If the server accepts it, the server MUST return HTTP status code 202 Accepted with no body.",
    url: `${MODERN}#sending-messages`,
  },
  {
    id: "MUST-M06",
    quote: "If the server cannot accept it, it MUST return an HTTP error status code (e.g., 400 Bad Request).",
    url: `${MODERN}#sending-messages`,
  },
  {
    id: "MUST-M07",
    quote:
      "If the body is a JSON-RPC request, the server MUST return either Content-Type: application/json (a single JSON object) or " +
      "Content-Type: text/event-stream (an SSE response stream).",
    url: `${MODERN}#sending-messages`,
  },
  {
    id: "MUST-M08",
    quote: "The server MUST NOT send independent JSON-RPC requests on this stream.",
    url: `${MODERN}#receiving-messages`,
  },
  {
    id: "MUST-M09",
    quote: "Closing the SSE response stream MUST be treated by the server as cancellation of that request.",
    url: `${MODERN}#cancellation`,
  },
  {
    id: "MUST-M10",
    quote:
      "If the values do not match, the server MUST reject the request with 400 Bad Request and a HeaderMismatch JSON-RPC error.",
    url: `${MODERN}#protocol-version-header`,
  },
  {
    id: "MUST-M11",
    quote:
      "If the server does not implement the requested protocol version […], it MUST respond with 400 Bad Request and an " +
      "UnsupportedProtocolVersionError listing its supported versions.",
    url: `${MODERN}#protocol-version-header`,
  },
  {
    id: "MUST-M12",
    quote:
      "If the server does not implement the requested RPC method, it MUST respond with 404 Not Found and a JSON-RPC error with " +
      "code -32601 (Method not found).",
    url: `${MODERN}#protocol-version-header`,
  },
  {
    id: "MUST-M13",
    quote: "Servers MUST reject requests with a recognized Mcp-Param-{Name} header that contains invalid characters.",
    url: `${MODERN}#server-behavior-for-custom-headers`,
  },
  {
    id: "MUST-M14",
    quote:
      "Any server that processes the message body MUST validate that encoded header values, after decoding if Base64-encoded, " +
      "match the corresponding values in the request body.",
    url: `${MODERN}#server-behavior-for-custom-headers`,
  },
  {
    id: "MUST-M15",
    quote: "Client omits header but value is in body: Server MUST reject the request.",
    url: `${MODERN}#server-behavior-for-custom-headers`,
  },
  {
    id: "MUST-M16",
    quote: "Parameter value is null: Server MUST NOT expect the header.",
    url: `${MODERN}#server-behavior-for-custom-headers`,
  },
  {
    id: "MUST-M17",
    quote: "Clients and servers MUST use case-insensitive comparisons for header names.",
    url: `${MODERN}#case-sensitivity`,
  },
  {
    id: "MUST-M18",
    quote:
      "Servers that process the request body MUST reject requests where the values specified in the headers do not match the " +
      "corresponding values in the request body.",
    url: `${MODERN}#server-validation`,
  },
  {
    id: "MUST-M19",
    quote:
      "When rejecting a request due to header validation failure, servers MUST return HTTP status 400 Bad Request and MUST include " +
      "a JSON-RPC error response using the following error code: -32020.",
    url: `${MODERN}#server-validation`,
  },
  {
    id: "MUST-M20",
    quote:
      "For headers that permit the Base64 sentinel encoding, servers MUST decode encoded values before comparing them to the body value.",
    url: `${MODERN}#server-validation`,
  },
  {
    id: "MUST-L01",
    quote: "The server MUST provide a single HTTP endpoint path […] that supports both POST and GET methods.",
    url: `${LEGACY}#streamable-http`,
  },
  {
    id: "MUST-L02",
    quote: "If the Origin header is present and invalid, servers MUST respond with HTTP 403 Forbidden.",
    url: `${LEGACY}#security-warning`,
  },
  {
    id: "MUST-L03",
    quote: "The body of the POST request MUST be a single JSON-RPC request, notification, or response.",
    url: `${LEGACY}#sending-messages-to-the-server`,
  },
  {
    id: "MUST-L04",
    quote: "If the server accepts the input, the server MUST return HTTP status code 202 Accepted with no body.",
    url: `${LEGACY}#sending-messages-to-the-server`,
  },
  {
    id: "MUST-L05",
    quote: "If the server cannot accept the input, it MUST return an HTTP error status code (e.g., 400 Bad Request).",
    url: `${LEGACY}#sending-messages-to-the-server`,
  },
  {
    id: "MUST-L06",
    quote:
      "If the input is a JSON-RPC request, the server MUST either return Content-Type: text/event-stream, to initiate an SSE " +
      "stream, or Content-Type: application/json, to return one JSON object.",
    url: `${LEGACY}#sending-messages-to-the-server`,
  },
  {
    id: "MUST-L07",
    quote:
      "The server MUST either return Content-Type: text/event-stream in response to this HTTP GET, or else return HTTP 405 Method " +
      "Not Allowed.",
    url: `${LEGACY}#listening-for-messages-from-the-server`,
  },
  {
    id: "MUST-L08",
    quote:
      "The server MUST NOT send a JSON-RPC response on the stream unless resuming a stream associated with a previous client request.",
    url: `${LEGACY}#listening-for-messages-from-the-server`,
  },
  {
    id: "MUST-L09",
    quote: "The server MUST send each of its JSON-RPC messages on only one of the connected streams.",
    url: `${LEGACY}#multiple-connections`,
  },
  {
    id: "MUST-L10",
    quote: "The session ID MUST only contain visible ASCII characters (ranging from 0x21 to 0x7E).",
    url: `${LEGACY}#session-management`,
  },
  {
    id: "MUST-L11",
    quote:
      "The server MAY terminate the session at any time, after which it MUST respond to requests containing that session ID with " +
      "HTTP 404 Not Found.",
    url: `${LEGACY}#session-management`,
  },
  {
    id: "MUST-L12",
    quote:
      "If the server receives a request with an invalid or unsupported MCP-Protocol-Version, it MUST respond with 400 Bad Request.",
    url: `${LEGACY}#protocol-version-header`,
  },
];

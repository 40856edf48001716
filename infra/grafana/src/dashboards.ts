import { type Dashboard, figure, lines, type Query, type Variable } from "./dashboard.ts";

const SERVER = "mcp_server_operation_duration_seconds";
const CLIENT = "mcp_client_operation_duration_seconds";
/** Streams last as long as their clients want. */
const BRIEF = `mcp_method_name!~"GET|subscriptions/listen"`;
const OURS = `error_type=~"internal|unavailable|interrupted"`;

const ORG: Variable = { name: "org", label: "gatehouse_org" };
const CONNECTOR: Variable = { name: "connector", label: "gatehouse_connector" };
const OF_ORG = `gatehouse_org="$org"`;
const OF_CONNECTOR = `${OF_ORG},gatehouse_connector="$connector"`;

export const DASHBOARDS: Dashboard[] = [
  {
    uid: "service",
    title: "Gatehouse: service",
    variables: [],
    rows: [
      {
        title: "What is promised",
        panels: [
          figure(
            "Exchanges that failed because of us, 6 h",
            "percentunit",
            "gatehouse:unavailable:ratio_rate6h",
            "Promised: at most 0.1 % a month.",
          ),
          figure(
            "Exchanges slower than 2 s, 6 h",
            "percentunit",
            "gatehouse:slow:ratio_rate6h",
            "Promised: at most 1 % a month.",
          ),
          figure(
            "Requests to auth or dashboard that failed because of us, 6 h",
            "percentunit",
            "max(gatehouse:requests_failed:ratio_rate6h)",
            "Of whichever does worse. Promised: at most 0.1 % a month.",
          ),
          figure("Processes that answer", "short", `sum(up{job="gatehouse"})`),
        ],
      },
      {
        title: "Exchanges",
        panels: [
          lines("Exchanges a second", "reqps", [rate(`${SERVER}_count`, "", "instance")]),
          lines("What failed because of us", "reqps", [orZero(rate(`${SERVER}_count`, OURS, "error_type"))]),
          lines("Failures of every kind", "reqps", [orZero(rate(`${SERVER}_count`, `error_type!=""`, "error_type"))]),
        ],
      },
      {
        title: "How long",
        panels: [
          lines("How long exchanges take", "s", quantiles(SERVER, BRIEF)),
          lines("How long upstreams take", "s", quantiles(CLIENT, BRIEF)),
          lines("Slowest connectors, p95", "s", [
            {
              expr: `topk(10, histogram_quantile(0.95, sum by (le, gatehouse_org, gatehouse_connector) (rate(${SERVER}_bucket{${BRIEF}}[$__rate_interval]))))`,
              legend: "{{gatehouse_org}}/{{gatehouse_connector}}",
            },
          ]),
        ],
      },
      {
        title: "What it stands on",
        panels: [
          lines("Dependencies, 1 where they answer", "short", [
            { expr: "min by (dependency, instance) (gatehouse_dependency_up)", legend: "{{dependency}} {{instance}}" },
          ]),
          lines("Connections of pools in use, and waited for", "short", [
            {
              expr: `sum by (pool, instance) (gatehouse_pool_connections{state="used"})`,
              legend: "{{pool}} {{instance}}",
            },
            { expr: "sum by (pool, instance) (gatehouse_pool_waiting)", legend: "{{pool}} {{instance}}, waiting" },
          ]),
          lines("Event loop, p99", "s", [
            { expr: `max by (instance) (gatehouse_event_loop_lag_seconds{quantile="0.99"})`, legend: "{{instance}}" },
          ]),
        ],
      },
      {
        title: "How that answers",
        panels: [
          lines("Queries and commands, p95", "s", [
            {
              expr: "histogram_quantile(0.95, sum by (le, pool) (rate(db_client_operation_duration_seconds_bucket[$__rate_interval])))",
              legend: "{{pool}}",
            },
          ]),
          lines("Queries and commands that failed", "ops", [
            orZero(rate("db_client_operation_duration_seconds_count", `error_type!=""`, "pool")),
          ]),
          lines(
            "Limits, by who gave them",
            "ops",
            [rate("gatehouse_limits_lots_total", "", "source")],
            "On insurance, each replica hands out its part.",
          ),
        ],
      },
      {
        title: "What it holds",
        panels: [
          lines("Open streams", "short", [
            { expr: "sum by (instance) (gatehouse_open_streams)", legend: "{{instance}}" },
          ]),
          lines("Memory", "bytes", [{ expr: "process_resident_memory_bytes", legend: "{{instance}}" }]),
          lines("Answers from caches", "percentunit", [
            {
              expr: `sum by (cache) (rate(gatehouse_cache_lookups_total{outcome="hit"}[$__rate_interval])) / sum by (cache) (rate(gatehouse_cache_lookups_total[$__rate_interval]))`,
              legend: "{{cache}}",
            },
          ]),
        ],
      },
    ],
  },
  {
    uid: "org",
    title: "Gatehouse: one org",
    variables: [ORG],
    rows: [
      {
        title: "Exchanges",
        panels: [
          lines("Exchanges a second", "reqps", [rate(`${SERVER}_count`, OF_ORG, "gatehouse_connector")]),
          lines("Failures", "reqps", [orZero(rate(`${SERVER}_count`, `${OF_ORG},error_type!=""`, "error_type"))]),
          lines("How long they take", "s", quantiles(SERVER, `${OF_ORG},${BRIEF}`)),
        ],
      },
      {
        title: "Tools and limits",
        panels: [
          lines("Tools most called", "reqps", [
            {
              expr: `topk(10, sum by (gatehouse_connector, gen_ai_tool_name) (rate(${SERVER}_count{${OF_ORG},gen_ai_tool_name!=""}[$__rate_interval])))`,
              legend: "{{gatehouse_connector}} {{gen_ai_tool_name}}",
            },
          ]),
          lines("Refused", "ops", [orZero(rate("gatehouse_refusals_total", OF_ORG, "reason"))]),
          lines("Limits hit", "ops", [orZero(rate("gatehouse_limits_hit_total", OF_ORG, "limit"))]),
        ],
      },
    ],
  },
  {
    uid: "connector",
    title: "Gatehouse: one connector",
    variables: [ORG, CONNECTOR],
    rows: [
      {
        title: "Health",
        panels: [
          figure(
            "Answers",
            "short",
            `min(gatehouse_connector_up{${OF_CONNECTOR}})`,
            "1 where it does, by its members' calls and our probe.",
          ),
          lines("Breaker, 1 where it is open", "short", [
            { expr: `max by (instance) (gatehouse_breaker_open{${OF_CONNECTOR}})`, legend: "{{instance}}" },
          ]),
          lines("Failures of the upstream", "reqps", [
            orZero(rate(`${CLIENT}_count`, `${OF_CONNECTOR},error_type!=""`, "error_type")),
          ]),
        ],
      },
      {
        title: "Exchanges",
        panels: [
          lines("Exchanges a second", "reqps", [rate(`${SERVER}_count`, OF_CONNECTOR, "mcp_method_name")]),
          lines("How long they take", "s", quantiles(SERVER, `${OF_CONNECTOR},${BRIEF}`)),
          lines("How long the upstream takes", "s", quantiles(CLIENT, `${OF_CONNECTOR},${BRIEF}`)),
        ],
      },
      {
        title: "What was done about it",
        panels: [
          lines("Requests that were late", "ops", [
            orZero(rate("gatehouse_upstream_timeouts_total", OF_CONNECTOR, "phase")),
          ]),
          lines("Requests that were kept away", "ops", [
            orZero(rate("gatehouse_upstream_refusals_total", OF_CONNECTOR, "reason")),
          ]),
          lines("Requests that were sent once more", "ops", [
            orZero(rate("gatehouse_upstream_retries_total", OF_CONNECTOR, "instance")),
          ]),
        ],
      },
      {
        title: "Tools and accounts",
        panels: [
          lines("Tools most called", "reqps", [
            {
              expr: `topk(10, sum by (gen_ai_tool_name) (rate(${SERVER}_count{${OF_CONNECTOR},gen_ai_tool_name!=""}[$__rate_interval])))`,
              legend: "{{gen_ai_tool_name}}",
            },
          ]),
          lines("Protocol versions", "reqps", [rate(`${SERVER}_count`, OF_CONNECTOR, "mcp_protocol_version")]),
          lines("Renewals of members' accounts", "ops", [
            orZero(rate("gatehouse_upstream_token_refreshes_total", OF_CONNECTOR, "outcome")),
          ]),
        ],
      },
    ],
  },
  {
    uid: "authorization",
    title: "Gatehouse: authorization",
    variables: [],
    rows: [
      {
        title: "People",
        panels: [
          lines("Sign-ins", "ops", [rate("gatehouse_sign_ins_total", "", "outcome")]),
          lines("Accounts linked", "ops", [orZero(rate("gatehouse_links_total", "", "outcome"))]),
          lines("Pages and documents", "reqps", [rate("http_server_request_duration_seconds_count", "", "http_route")]),
          lines("Pages and documents that failed", "reqps", [
            orZero(
              rate("http_server_request_duration_seconds_count", `http_response_status_code=~"500|503"`, "http_route"),
            ),
          ]),
        ],
      },
      {
        title: "Tokens",
        panels: [
          lines("Renewals of tokens", "ops", [rate("gatehouse_token_refreshes_total", "", "outcome")]),
          lines("Refused at the endpoints", "ops", [rate("gatehouse_refusals_total", "", "reason")]),
          figure("Age of the signing key", "s", "max(time() - gatehouse_signing_key_created_timestamp_seconds)"),
        ],
      },
    ],
  },
  {
    uid: "audit",
    title: "Gatehouse: audit",
    variables: [],
    rows: [
      {
        title: "From a call to a row that is durable",
        panels: [
          lines(
            "How old the oldest row is",
            "s",
            [{ expr: "max by (instance) (gatehouse_audit_lag_seconds)", legend: "{{instance}}" }],
            "New calls are refused from 1 s on.",
          ),
          lines("How long a commit takes", "s", quantiles("gatehouse_audit_commit_duration_seconds", "")),
          lines("Rows in a commit", "short", [
            {
              expr: "sum by (instance) (rate(gatehouse_audit_group_size_sum[$__rate_interval])) / sum by (instance) (rate(gatehouse_audit_group_size_count[$__rate_interval]))",
              legend: "{{instance}}",
            },
          ]),
        ],
      },
      {
        title: "Rows",
        panels: [
          lines("Rows a second", "ops", [rate("gatehouse_audit_group_size_sum", "", "instance")]),
          lines("Commits a second", "ops", [rate("gatehouse_audit_group_size_count", "", "instance")]),
          lines(
            "Rows that could not be written",
            "ops",
            [rate("gatehouse_audit_failures_total", "", "instance")],
            "Their answers were withheld.",
          ),
        ],
      },
      {
        title: "In the background, here and elsewhere",
        panels: [
          lines(
            "Since a job was last done",
            "s",
            [
              {
                expr: "time() - max by (gatehouse_job) (gatehouse_job_success_timestamp_seconds)",
                legend: "{{gatehouse_job}}",
              },
            ],
            "By whichever replica.",
          ),
          lines("Runs that failed", "ops", [
            orZero(rate("gatehouse_job_runs_total", `outcome="failed"`, "gatehouse_job")),
          ]),
          lines("How long the oldest waits", "s", [
            { expr: "min by (gatehouse_job) (gatehouse_job_lag_seconds)", legend: "{{gatehouse_job}}" },
          ]),
        ],
      },
    ],
  },
];

function rate(counter: string, labels: string, by: string): Query {
  return { expr: `sum by (${by}) (rate(${counter}${labels && `{${labels}}`}[$__rate_interval]))`, legend: `{{${by}}}` };
}

/** For what may never have happened. */
function orZero({ expr, legend }: Query): Query {
  return { expr: `${expr} or vector(0)`, legend };
}

function quantiles(histogram: string, labels: string): Query[] {
  const buckets = `sum by (le) (rate(${histogram}_bucket${labels && `{${labels}}`}[$__rate_interval]))`;
  return [0.5, 0.95, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, ${buckets})`,
    legend: `p${quantile * 100}`,
  }));
}

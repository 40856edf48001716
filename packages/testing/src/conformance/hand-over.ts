// The client that the suite runs: hands what the suite tells it over to the test that started the suite, and is done when
// that is. Arguments: where the test listens, and the URL of the suite's server.

const [where, url] = process.argv.slice(2);
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}");
const response = await fetch(where!, { method: "POST", body: JSON.stringify({ url, context }) });
process.stdout.write(await response.text());
process.exitCode = response.ok ? 0 : 1;

import { reportTo } from "./child.ts";
import { giveWay } from "./give-way.ts";
import { load } from "./load.ts";

// An org that calls as fast as it can, for so many seconds, with what others leave of its core; then it says how often, and
// how many of its calls were refused.

const [, , url, token, connections, seconds] = process.argv as [string, string, string, string, string, string];

giveWay();
process.on("disconnect", () => process.exit(0));
const how = { connections: Number(connections), duration: Number(seconds) };
const { requests, non2xx } = await load({ url, token }, "look", how);
reportTo(process, { calls: requests.total, refused: non2xx });

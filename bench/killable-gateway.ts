import { openEgress } from "@gatehouse/egress/egress";
import { listen, portOf } from "@gatehouse/gatehouse/listen";
import { route } from "@gatehouse/gatehouse/router";
import { databaseAccess, openHouseVault } from "@gatehouse/gatehouse/secrets";
import { startGateway } from "@gatehouse/gateway/gateway";
import { openState } from "@gatehouse/state/state";
import { createLogger } from "@gatehouse/telemetry/log";
import { localMasterKey, type MasterKeys } from "@gatehouse/vault/master-key";
import { secretOfMasterKey } from "@gatehouse/vault/vault";

// A gateway on a database that is somebody else's, until it is killed. 0 lets the system choose the port.

const [, , databaseUrl, port] = process.argv;
const masterKey = Buffer.alloc(32, "bench");
const keys = { masterKeys: [localMasterKey(masterKey)] as MasterKeys, secret: secretOfMasterKey(masterKey) };
const access = databaseAccess(databaseUrl!, keys);
const server = await listen({ host: "127.0.0.1", port: Number(port) });
const publicUrl = new URL(`http://127.0.0.1:${portOf(server)}`);
const egress = openEgress({ allow: [], ownOrigins: [publicUrl] });
const log = createLogger({ level: "silent" });
const gateway = await startGateway({
  ...{ publicUrl, access, egress, log, vault: openHouseVault(keys, access), state: await openState({}) },
});
server.removeAllListeners("request");
server.on("request", route({ publicUrl, apps: { gateway }, isReady: async () => true, log }));
process.on("disconnect", () => process.exit(0));
process.send!(publicUrl.origin);

import { openHouse } from "@gatehouse/gatehouse/house";
import { listen, portOf } from "@gatehouse/gatehouse/listen";
import { databaseAccess, openHouseVault } from "@gatehouse/gatehouse/secrets";
import { createLogger } from "@gatehouse/telemetry/log";
import { localMasterKey, type MasterKeys } from "@gatehouse/vault/master-key";
import { secretOfMasterKey } from "@gatehouse/vault/vault";
import { reportTo } from "./child.ts";

// The dashboard as it is served apart, on a database that is somebody else's.

const masterKey = Buffer.alloc(32, "bench");
const keys = { masterKeys: [localMasterKey(masterKey)] as MasterKeys, secret: secretOfMasterKey(masterKey) };
const access = databaseAccess(process.argv[2]!, keys);
const vault = openHouseVault(keys, access);
const server = await listen({ host: "127.0.0.1", port: 0 });
const publicUrl = new URL(`http://127.0.0.1:${portOf(server)}`);
const log = createLogger();
const house = await openHouse({ server, publicUrl, access, vault, log, egressAllow: [], apps: ["dashboard"] });
reportTo(process, { url: publicUrl.origin });
process.on("disconnect", async () => {
  server.closeAllConnections();
  await house[Symbol.asyncDispose]();
  await vault[Symbol.asyncDispose]();
  process.exit(0);
});

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Postgres at an address of its own, which can be taken away, or fall silent. */
export async function startRelay(target: URL) {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    if (isCut) return inner.destroy();
    const outer = connect(`${target.searchParams.get("host")}/.s.PGSQL.${target.port || 5432}`);
    for (const socket of [inner, outer]) sockets.add(socket.on("error", () => {}));
    inner.pipe(outer).pipe(inner);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = new URL(target);
  url.search = "";
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cut,
    hush() {
      for (const socket of sockets) socket.unpipe();
    },
    restore: () => {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      cut();
      await once(server.close(), "close");
    },
  };
}

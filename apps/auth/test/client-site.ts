import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { makeCertificate } from "@gatehouse/testing/certificate";
import { REDIRECT_URI } from "./auth-alone.ts";

const certificate = makeCertificate();
setDefaultCACertificates([...getCACertificates(), certificate.cert]);

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  json?: Record<string, unknown>;
  body?: string;
  never?: boolean;
}

/** The document as it should be, and the request for it. */
export type Serve = (document: Record<string, unknown>, headers: IncomingHttpHeaders) => Answer;

/** Serves a metadata document over https on this machine; `serve` says what comes instead of a good one. */
export async function startClientSite(serve: Serve = (json) => ({ json })) {
  const server = createServer(certificate, (req, res) => {
    const document = { client_id: site.id, client_name: "Published client", redirect_uris: [REDIRECT_URI] };
    const { status = 200, headers = {}, json, body = JSON.stringify(json), never } = site.serve(document, req.headers);
    site.paths.push(req.url ?? "");
    if (!never) res.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
  });
  await once(server.listen(0, "localhost"), "listening");
  const { port } = server.address() as AddressInfo;
  const site = {
    serve,
    id: `https://localhost:${port}/client.json`,
    paths: [] as string[],
    egressAllow: [`localhost:${port}`],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
  return site;
}

import { once } from "node:events";
import { request as send } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { callWhoAmI } from "@gatehouse/testing/accounts/call-whoami";
import { linkAccount, linkFor } from "@gatehouse/testing/accounts/link-account";
import { startOidcServer } from "@gatehouse/testing/accounts/oidc-server";
import { startWhoAmI, WHO_AM_I } from "@gatehouse/testing/accounts/whoami";
import { makeCertificate } from "@gatehouse/testing/certificate";
import { startHouse } from "@gatehouse/testing/house";
import { tokenFor } from "@gatehouse/testing/token-for";
import { expect, test } from "vitest";

/** The least proxy with a certificate, which everybody in this process believes; tells what was asked for. */
async function startHttps() {
  const certificate = makeCertificate();
  const before = getCACertificates();
  setDefaultCACertificates([...before, certificate.cert]);
  const asked: string[] = [];
  const server = createServer(certificate, (request, response) => {
    const { url: path, method, headers } = request;
    asked.push(path!);
    const onward = send({ host: "127.0.0.1", port: proxy.port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const proxy = {
    url: new URL(`https://localhost:${(server.address() as AddressInfo).port}`),
    /** Where all goes to. */
    port: 0,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      setDefaultCACertificates(before);
    },
  };
  return proxy;
}

test("an authorization server that takes documents fetches the connector's own, lets its member in, and renews its tokens", async () => {
  await using proxy = await startHttps();
  await using accounts = await startOidcServer({ readsDocuments: true });
  await using upstream = await startWhoAmI(accounts);
  await using house = await startHouse({ publicUrl: proxy.url, egressAllow: [new URL(accounts.issuer).host] });
  proxy.port = house.port;
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const access = [{ kind: "member-oauth" as const }];
  const endpoint = await house.addConnector(org, { slug: "notes", url: upstream.url, tools: [WHO_AM_I], access });

  const page = await linkAccount(linkFor(house, alice, endpoint), { person: alice, as: "alice upstream" });
  expect(page.text).toContain("is linked");
  expect(proxy.asked.filter((path) => path.startsWith("/connect/client-metadata/"))).toEqual([
    `/connect/client-metadata/${endpoint.id}`,
  ]);
  const { accessToken } = await tokenFor(alice, endpoint.url);
  expect(await callWhoAmI(endpoint.url, accessToken)).toEqual({ text: "alice upstream", isError: false });
  accounts.expireAll();
  expect(await callWhoAmI(endpoint.url, accessToken)).toEqual({ text: "alice upstream", isError: false });
  expect(accounts.refreshes).toBeGreaterThan(0);
});

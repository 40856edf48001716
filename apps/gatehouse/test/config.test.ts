import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";

test("secrets may be in files, and a database's password apart from its address", async () => {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-secrets-"));
  const [password, masterKey] = [join(directory, "password"), join(directory, "master-key")];
  await writeFile(password, "p@ss/word\n");
  await writeFile(masterKey, `${Buffer.alloc(32, 7).toString("base64")}\n`);
  const config = readConfig({
    DATABASE_URL: "postgres://postgres@db.example:5432/gatehouse",
    DATABASE_PASSWORD_FILE: password,
    GATEHOUSE_MASTER_KEY_FILE: masterKey,
    REDIS_URL_FILE: "",
  });
  await rm(directory, { recursive: true });
  expect(config.databaseUrl).toBe("postgres://postgres:p%40ss%2Fword@db.example:5432/gatehouse");
  expect(config.masterKey).toEqual({ bytes: Buffer.alloc(32, 7) });
  expect(config.redisUrl).toBeUndefined();
});

test("files that cannot be read, and variables that are given twice, are named all at once", () => {
  const environment = { SMTP_URL_FILE: "/nowhere/smtp", REDIS_URL: "redis://redis", REDIS_URL_FILE: "/nowhere/redis" };
  expect(() => readConfig(environment)).toThrow(
    "REDIS_URL is given twice, by itself and by REDIS_URL_FILE; SMTP_URL_FILE is /nowhere/smtp, which cannot be read.",
  );
});

test("what may be said of mail, sign-up and proxies", () => {
  const config = readConfig({
    SMTP_URL: "smtps://user:secret@mail.example:465",
    MAIL_FROM: "Acme <mcp@acme.example>",
    GATEHOUSE_SIGNUP: "open",
    TRUSTED_PROXIES: "10.0.0.0/8, 127.0.0.1, 2001:db8::/32",
  });
  expect(config).toMatchObject({ signup: "open", mailFrom: "Acme <mcp@acme.example>" });
  expect(config.trustedProxies.check("10.1.2.3")).toBe(true);
  expect(config.trustedProxies.check("11.1.2.3")).toBe(false);
  expect(config.trustedProxies.check("2001:db8::1", "ipv6")).toBe(true);
  expect(readConfig({})).toMatchObject({ signup: "invite", smtpUrl: undefined });
});

test.each([
  ["SMTP_URL", "https://mail.example"],
  ["MAIL_FROM", "a@b.example\r\nBcc: c@d.example"],
  ["MAIL_FROM", "nobody"],
  ["GATEHOUSE_SIGNUP", "yes"],
  ["TRUSTED_PROXIES", "everybody"],
  ["TRUSTED_PROXIES", "10.0.0.0/33"],
])("%s %j is refused by name", (name, value) => {
  expect(() => readConfig({ [name]: value })).toThrow(name);
});

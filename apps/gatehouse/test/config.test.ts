import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";

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

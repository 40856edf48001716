import { insertMail } from "@gatehouse/store/mails";
import { expect, test, vi } from "vitest";
import { startAuthAlone } from "./auth-alone.ts";
import { startMailServer } from "./mail-server.ts";

const MAIL = { to: "ada@acme.example", subject: "Grüße", text: "A link:\nhttps://gatehouse.example/x?token=abc" };

test("a mail that is committed is delivered by SMTP, once; one that is rolled back is not", async () => {
  await using smtp = await startMailServer();
  await using house = await startAuthAlone({ smtpUrl: smtp.url, mailFrom: "Acme <mcp@acme.example>" });
  const { ownerDb, vault } = house;
  const rolledBack = ownerDb.transaction().execute(async (transaction) => {
    await insertMail(transaction, vault, { ...MAIL, to: "nobody@acme.example" });
    throw new Error("no");
  });
  await expect(rolledBack).rejects.toThrow("no");
  await insertMail(ownerDb, vault, MAIL);
  await vi.waitFor(async () => expect(await ownerDb.selectFrom("mails").select("id").execute()).toEqual([]));
  expect(smtp.received).toMatchObject([{ from: "mcp@acme.example", to: [MAIL.to] }]);
  expect(smtp.received[0]!.source).toContain("https://gatehouse.example/x?token=abc");
});

test("what the server refuses for now is tried again, for good is given up; the others are not held up", async () => {
  const codes: Record<string, number> = { "later@acme.example": 450, "never@acme.example": 550 };
  await using smtp = await startMailServer({ refuse: (to) => codes[to] ?? 0 });
  await using house = await startAuthAlone({ smtpUrl: smtp.url });
  const { ownerDb, vault } = house;
  for (const to of [...Object.keys(codes), MAIL.to]) await insertMail(ownerDb, vault, { ...MAIL, to });
  await vi.waitFor(() => expect(smtp.received).toMatchObject([{ to: [MAIL.to] }]));
  await vi.waitFor(async () =>
    expect(await ownerDb.selectFrom("mails").select("attempts").execute()).toEqual([{ attempts: 1 }]),
  );
  codes["later@acme.example"] = 0;
  await ownerDb.updateTable("mails").set({ due_at: new Date() }).execute();
  await vi.waitFor(() => expect(smtp.received.map(({ to }) => to[0])).toContain("later@acme.example"));
});

test("neither table nor log tells whom a mail was for, or what it says", async () => {
  await using smtp = await startMailServer({ refuse: () => 450 });
  await using house = await startAuthAlone({ smtpUrl: smtp.url });
  await insertMail(house.ownerDb, house.vault, MAIL);
  await vi.waitFor(() => expect(house.log.join()).toContain("mail not delivered yet"));
  const rows = await house.ownerDb.selectFrom("mails").selectAll().execute();
  const written = JSON.stringify(house.log) + rows.map(({ sealed }) => sealed.toString("latin1")).join();
  for (const secret of [MAIL.to, "token=abc"]) expect(written).not.toContain(secret);
});

test("a new password is chosen by the link in the message that the mail server got", async () => {
  await using smtp = await startMailServer();
  await using house = await startAuthAlone({ smtpUrl: smtp.url });
  const ada = await house.addMember(await house.addOrg("acme"), "ada");
  await ada.browser.submit(await ada.browser.open("/account/reset"), { email: ada.email });
  const { source, to } = await vi.waitFor(() => smtp.received[0] ?? expect.fail("no mail"));
  expect(to).toEqual([ada.email]);
  const body = source.replace(/=\r\n/g, "").replaceAll("=3D", "=");
  const form = await ada.browser.open(/http\S+token=\S+/.exec(body)![0]);
  const done = await ada.browser.submit(form, { password: "another horse, just as correct" });
  expect(done.url.pathname).toBe("/dashboard");
  await vi.waitFor(() =>
    expect(smtp.received.at(-1)?.source).toContain("Subject: Your Gatehouse password was changed"),
  );
});

import type { Called } from "../api/connectors/playground.ts";

interface Advice {
  title: string;
  /** Where the message does not say it itself. */
  todo?: string;
  /** Where an account is linked. */
  href?: string;
}

const BY_CODE: Record<number, Advice> = {
  401: { title: "You are not let in", todo: "Your rights may have changed just now. Reload the page." },
  403: { title: "You may not do this" },
  429: { title: "Limited", todo: "Nothing was sent. Those who run the organisation set its limits." },
  502: { title: "The server failed" },
  503: { title: "Not available", todo: "Try again in a moment." },
  504: { title: "The server took too long", todo: "It may have done what it was asked: look before you call again." },
  [-32601]: { title: "The server does not know this" },
  [-32602]: { title: "The arguments were refused" },
  [-32021]: { title: "The server asks for what the dashboard cannot do", todo: "Call it from a client that can." },
};

/** What an error is, in words, and what to do about it. */
export function adviceFor({ code, data }: NonNullable<Called["response"]["error"]>): Advice {
  const advice = BY_CODE[code] ?? { title: `The server answered with error ${code}` };
  const { url } = (data ?? {}) as { url?: unknown };
  return typeof url === "string" && /^https?:/.test(url)
    ? { ...advice, href: url, title: "Your account is missing" }
    : advice;
}

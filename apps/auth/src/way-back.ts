import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import type { Provider } from "oidc-provider";

const FLOW_SECONDS = 60 * 60;

/** Remembers, for the pages under `/account`, which client's request this browser was last asked to sign in for. */
export function flowCookie(publicUrl: URL) {
  const secure = publicUrl.protocol === "https:";
  const name = `${secure ? "__Secure-" : ""}gatehouse-flow`;
  return {
    name,
    attributes: { path: "/account", httpOnly: true, sameSite: "Lax", secure, maxAge: FLOW_SECONDS } as const,
  };
}

export interface WayBack {
  path: string;
  /** Where that may lead on to. */
  redirectUri?: string;
}

/** To the request that is still under way, and otherwise to the dashboard, or an org's part of it: nobody is sent anywhere else. */
export async function findWayBack(
  { provider, publicUrl }: { provider: Provider; publicUrl: URL },
  c: Context,
  org?: { slug: string },
): Promise<WayBack> {
  const uid = getCookie(c, flowCookie(publicUrl).name) ?? "";
  const interaction = /^[\w-]{1,64}$/.test(uid) ? await provider.Interaction.find(uid) : undefined;
  if (!interaction) return { path: org ? `/dashboard/${org.slug}` : "/dashboard" };
  return { path: `/oauth/interaction/${interaction.uid}`, redirectUri: interaction.params.redirect_uri as string };
}

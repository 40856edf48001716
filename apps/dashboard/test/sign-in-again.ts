import type { Page } from "@gatehouse/testing/chromium";

/** As it ends for a page that is open, and does not know yet. */
export function endSession(page: Page): Promise<void> {
  return page.context().clearCookies({ name: "gatehouse-session" });
}

/** Whoever is known to the authorization server still is signed in at once, and the window is gone. */
export async function signInAgain(page: Page): Promise<void> {
  await page.getByText("You have been signed out").waitFor();
  const elsewhere = page.waitForEvent("popup").then((popup) => popup.waitForEvent("close"));
  await page.getByRole("button", { name: "Sign in again" }).click();
  await elsewhere;
}

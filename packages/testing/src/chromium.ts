import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const ARGUMENTS = [
  "--no-sandbox",
  "--headless",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";

const PLACES = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** The machine's own; nothing is downloaded. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: PLACES.find(existsSync) ?? "chromium", args: ARGUMENTS });
}

export const SIZES = { wide: { width: 1280, height: 860 }, narrow: { width: 390, height: 844 } };

/** A page that remembers whatever the browser complained of: errors, and what the content security policy stopped. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ viewport: SIZES.wide, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  return { page, complaints };
}

const axe = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong with the page as it stands, by rule and element. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(await axe);
  const { violations } = await page.evaluate<AxeResults>("axe.run()");
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

export function isWiderThanTheScreen(page: Page): Promise<boolean> {
  return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth");
}

const LOOKS = [
  { size: "narrow", colorScheme: "dark" },
  { size: "wide", colorScheme: "light" },
] as const;

/** From one look to the other, colours fade; what turns for ever turns on. */
const FINISH_ANIMATIONS = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  for (const animation of document.getAnimations())
    if (animation.effect.getComputedTiming().endTime < Infinity) animation.finish();
  done();
})))`;

/**
 * What is wrong with the page on a telephone in the dark and on a screen in the light, at which it is left. Where `SCREENSHOTS`
 * names a directory, there are pictures in it.
 */
export async function problemsOf(page: Page, name: string): Promise<string[]> {
  const problems: string[] = [];
  for (const { size, colorScheme } of LOOKS) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize(SIZES[size]);
    await page.evaluate(FINISH_ANIMATIONS);
    problems.push(...(await accessibilityProblems(page)).map((problem) => `${size}, ${colorScheme}: ${problem}`));
    if (await isWiderThanTheScreen(page)) problems.push(`${size}: wider than the screen`);
    await photograph(page, `${name}-${size}-${colorScheme}`);
  }
  return problems;
}

async function photograph(page: Page, name: string): Promise<void> {
  const directory = process.env.SCREENSHOTS;
  if (directory) await page.screenshot({ path: join(directory, `${name}.png`), fullPage: true });
}

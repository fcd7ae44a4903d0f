import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * Starts this machine's Chromium.
 * @throws Error if there is none
 */
export async function launchBrowser(): Promise<Browser> {
  const [executablePath] = names.map((name) => spawnSync('which', [name]).stdout.toString().trim()).filter(Boolean);
  if (!executablePath) {
    throw new Error(`None of ${names.join(', ')} is on the PATH. On Debian: apt-get install chromium`);
  }
  // The sandbox needs rights that a container lacks, and only our own pages are opened.
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'];
  return chromium.launch({ executablePath, args });
}

/** The Web UI's settings in the browser's storage: as JSON, by these names. */
export interface WebUiSettings {
  readonly overrideRemoteCodecConfiguration?: boolean;
  readonly endpoint?: string;
  readonly includeCredentials?: boolean;
}

/** A dev server's Web UI as one person sees it, with only these settings in the browser. */
export class WebUi {
  private constructor(
    readonly page: Page,
    readonly origin: string,
  ) {}

  static async open(browser: Browser, origin: string, settings: WebUiSettings = {}): Promise<WebUi> {
    const localStorage = Object.entries({ ...settings, navOpen: false }).map(([name, value]) => ({
      name,
      value: JSON.stringify(value),
    }));
    const options: BrowserContextOptions = {
      viewport: { width: 1280, height: 840 },
      timezoneId: 'UTC',
      storageState: { cookies: [], origins: [{ origin, localStorage }] },
    };
    const context = await browser.newContext(options);
    // The Web UI fetches news from its makers. A test must depend only on this machine.
    await context.route(
      (url) => url.hostname !== 'localhost',
      (route) => route.abort(),
    );
    return new WebUi(await context.newPage(), origin);
  }

  /** Opens a path of the namespace's workflows, for example one workflow. */
  async goTo(path: string): Promise<void> {
    await this.page.goto(`${this.origin}/namespaces/default/workflows${path}`);
  }

  /** Opens a tab of the current workflow. */
  async openTab(name: string): Promise<void> {
    await this.page.getByRole('tab', { name }).click();
  }

  /** Resolves once the page shows the text, even across elements. */
  async shows(text: string | RegExp): Promise<void> {
    const body = this.page.locator('body');
    await body
      .filter({ hasText: text })
      .waitFor()
      .catch(async () => assert.fail(`'${text}' is not in: ${await body.innerText()}`));
  }

  /** The same for a panel of the tab User Metadata. The panels are pages of their own. */
  async showsIn(panel: 'Summary' | 'Current Details', text: string | RegExp): Promise<void> {
    const frames = this.page.locator('iframe');
    const frame = panel === 'Summary' ? frames.first() : frames.last();
    await frame.contentFrame().locator('body').filter({ hasText: text }).waitFor();
  }

  async text(): Promise<string> {
    return this.page.locator('body').innerText();
  }

  /** Saves the window's contents, for debugging or documentation. */
  async screenshot(name: string): Promise<void> {
    await mkdir(screenshotsFolder, { recursive: true });
    await this.page.screenshot({ path: join(screenshotsFolder, `${name}.png`) });
  }
}

const screenshotsFolder =
  process.env.SCREENSHOTS_FOLDER ?? fileURLToPath(new URL('../../screenshots', import.meta.url));

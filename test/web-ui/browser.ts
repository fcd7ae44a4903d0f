import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * Starts the Chromium that this machine has.
 * @throws Error where it has none
 */
export async function launchBrowser(): Promise<Browser> {
  const [executablePath] = names.map((name) => spawnSync('which', [name]).stdout.toString().trim()).filter(Boolean);
  if (!executablePath) {
    throw new Error(`None of ${names.join(', ')} is on the PATH. On Debian: apt-get install chromium`);
  }
  // The sandbox wants rights that a container lacks, and only our own pages are opened.
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'];
  return chromium.launch({ executablePath, args });
}

/** How the Web UI keeps settings in the browser: as JSON, by these names. */
export interface WebUiSettings {
  readonly overrideRemoteCodecConfiguration?: boolean;
  readonly endpoint?: string;
  readonly includeCredentials?: boolean;
}

/** A Web UI of a dev server as one person sees it, who has nothing but these settings in the browser. */
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
    // The Web UI reads news of its makers: a test depends on this machine alone.
    await context.route(
      (url) => url.hostname !== 'localhost',
      (route) => route.abort(),
    );
    return new WebUi(await context.newPage(), origin);
  }

  /** Opens a path of the namespace's workflows, e.g. one workflow's. */
  async goTo(path: string): Promise<void> {
    await this.page.goto(`${this.origin}/namespaces/default/workflows${path}`);
  }

  /** Opens a tab of the workflow that is shown. */
  async openTab(name: string): Promise<void> {
    await this.page.getByRole('tab', { name }).click();
  }

  /** Resolves once the page shows the text, wherever its elements begin and end. */
  async shows(text: string | RegExp): Promise<void> {
    const body = this.page.locator('body');
    await body
      .filter({ hasText: text })
      .waitFor()
      .catch(async () => assert.fail(`'${text}' is not in: ${await body.innerText()}`));
  }

  /** The same for a panel of the tab User Metadata, which are pages of their own. */
  async showsIn(panel: 'Summary' | 'Current Details', text: string | RegExp): Promise<void> {
    const frames = this.page.locator('iframe');
    const frame = panel === 'Summary' ? frames.first() : frames.last();
    await frame.contentFrame().locator('body').filter({ hasText: text }).waitFor();
  }

  async text(): Promise<string> {
    return this.page.locator('body').innerText();
  }

  /** Keeps what is in the window, for whoever looks at a run or writes docs. */
  async screenshot(name: string): Promise<void> {
    await mkdir(screenshotsFolder, { recursive: true });
    await this.page.screenshot({ path: join(screenshotsFolder, `${name}.png`) });
  }
}

const screenshotsFolder =
  process.env.SCREENSHOTS_FOLDER ?? fileURLToPath(new URL('../../screenshots', import.meta.url));

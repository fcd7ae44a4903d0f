import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findPython } from './find-python.js';
import { runCommand } from './run-command.js';

/** uv's environment variables for options that may be configured for pip only. */
const UV_VARIABLES: Record<string, string> = {
  'index-url': 'UV_DEFAULT_INDEX',
  'extra-index-url': 'UV_INDEX',
  'trusted-host': 'UV_INSECURE_HOST',
  cert: 'SSL_CERT_FILE',
};

/**
 * The package index that pip is configured to use, as environment variables for uv, which doesn't read pip's
 * configuration. Empty if uv has its own index configured, or pip has none.
 */
export async function readPipIndex(): Promise<NodeJS.ProcessEnv> {
  if (hasUvIndex()) return {};
  const translated: NodeJS.ProcessEnv = {};
  // pip lists its environment variables last, because they take precedence.
  for (const [, option = '', value = ''] of (await listPipConfig()).matchAll(
    /^(?:global|install|:env:)\.([a-z-]+)='(.*)'$/gm,
  )) {
    const variable = UV_VARIABLES[option];
    if (variable && !process.env[variable]) translated[variable] = value.replaceAll('\\n', ' ').trim();
  }
  return translated;
}

async function listPipConfig(): Promise<string> {
  const python = await findPython(['3']);
  const listed = python && (await runCommand(python, ['-m', 'pip', 'config', 'list']).catch(() => undefined));
  if (listed !== undefined) return listed;
  const { PIP_INDEX_URL } = process.env;
  return PIP_INDEX_URL ? `:env:.index-url='${PIP_INDEX_URL}'` : '';
}

function hasUvIndex(): boolean {
  const { UV_DEFAULT_INDEX, UV_INDEX_URL, UV_INDEX, UV_CONFIG_FILE, XDG_CONFIG_HOME } = process.env;
  if (UV_DEFAULT_INDEX || UV_INDEX_URL || UV_INDEX) return true;
  const configFiles = UV_CONFIG_FILE
    ? [UV_CONFIG_FILE]
    : [join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'uv', 'uv.toml'), '/etc/uv/uv.toml'];
  return configFiles.some((file) => existsSync(file) && /index/.test(readFileSync(file, 'utf8')));
}

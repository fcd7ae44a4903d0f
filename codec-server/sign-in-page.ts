/** The pages load nothing from elsewhere, and no other page may embed them. */
export const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
};

const page = (body: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Codec server</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1rem; color: #1b1f24 }
  input, button { font: inherit; padding: .4rem .7rem }
  [role=alert] { color: #b3261e }
</style>
<h1>Codec server</h1>
${body}
`;

/** @param complaint The problem with the previous attempt. */
export function signInPage(complaint = ''): string {
  return page(`<p>It lets Temporal's Web UI show the encrypted payloads of conversations to people who know its token.</p>
${complaint && `<p role="alert">${complaint}</p>`}
<form method="post">
  <label>Token <input type="password" name="token" autocomplete="current-password" required autofocus></label>
  <button>Sign in</button>
</form>`);
}

export const signedInPage = page(`<p>You are signed in until you close the browser.</p>
<p>If the Web UI still shows encrypted payloads: in its codec server settings, tick <em>Include cross-origin
credentials</em>, and reach it under the same host name as this page.</p>`);

/**
 * Token formats that have a known prefix.
 *
 * Each pattern matches a truncated token, from its first few characters on, and covers the whole token. None of them
 * backtracks, on any input.
 */
const forms = [
  // AWS: ids of access keys, users, roles.
  String.raw`(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AIPA|ANPA|ANVA|APKA|AROA|ASCA)[A-Z\d]{8,}`,
  // Google: API keys, access tokens, client secrets.
  String.raw`AIza[\w-]{8,}`,
  String.raw`ya29\.[\w.-]{4,}`,
  String.raw`GOCSPX-[\w-]{4,}`,
  // GitHub and GitLab.
  String.raw`gh[oprsu]_\w{4,}`,
  String.raw`github_pat_\w{4,}`,
  String.raw`gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct|wt)-[\w.-]{4,}`,
  // Slack.
  String.raw`xox[a-z](?:\.xox[a-z])?-[\w-]{4,}`,
  String.raw`x(?:app|wfp)-[\w-]{4,}`,
  String.raw`hooks\.slack\.com\/(?:services|workflows|triggers)\/[\w/-]{4,}`,
  // Models: OpenAI and providers with the same format, such as Anthropic; Groq, xAI, Hugging Face, Replicate,
  // Perplexity.
  String.raw`sk-[\w-]{8,}`,
  String.raw`sess-[\w-]{8,}`,
  String.raw`gsk_\w{8,}`,
  String.raw`xai-[\w-]{8,}`,
  String.raw`hf_\w{8,}`,
  String.raw`api_org_\w{8,}`,
  String.raw`r8_\w{8,}`,
  String.raw`pplx-\w{8,}`,
  String.raw`tvly-[\w-]{8,}`,
  // Registries, payments, clouds.
  String.raw`npm_\w{8,}`,
  String.raw`pypi-[\w-]{8,}`,
  String.raw`dckr_(?:pat|oat)_[\w-]{4,}`,
  String.raw`[prs]k_(?:live|test)_\w{4,}`,
  String.raw`whsec_[\w+/=-]{8,}`,
  String.raw`do[opr]_v1_\w{4,}`,
  String.raw`hv[bs]\.[\w-]{8,}`,
  String.raw`SG\.[\w-]{8,}(?:\.[\w-]*)?`,
  String.raw`shp(?:at|ca|pa|ss)_\w{8,}`,
  String.raw`lin_(?:api|oauth)_\w{8,}`,
  String.raw`ATATT[\w=-]{8,}`,
  String.raw`dapi[a-f\d]{16,}`,
  // JSON Web Tokens: anything that begins with `{"` in base64.
  String.raw`eyJ[\w-]{8,}(?:\.[\w-]*)*`,
];

/** A token that does not continue another word. */
const tokens = new RegExp(String.raw`(?<![A-Za-z\d])(?:${forms.join('|')})`, 'g');

/** The credentials in an `Authorization` header. */
const authorization = /\b(Bearer|Basic)(\s+|%20|\+)[\w.~+/=-]{6,}/gi;

/** A private key in PEM, possibly cut off. */
const privateKey = /-----BEGIN[A-Z +]{0,40}PRIVATE[ +]?KEY-----[^-]*(?:-----END[A-Z +]{0,40}-----)?/g;

/** A credential in a URL: in its query, or before its host. */
const urlCredentials = /(?<=[?&][\w-]{0,50}(?:key|token|secret|password)=)[^&\s"']+|(?<=:\/\/)[^\s/@"']+(?=@)/gi;

/** The positions of tokens, and of credentials in URLs. */
export function tokenSpans(text: string): [from: number, to: number][] {
  const spans = [privateKey, tokens, urlCredentials].flatMap((form) =>
    [...text.matchAll(form)].map(({ 0: whole, index }): [number, number] => [index, index + whole.length]),
  );
  for (const { 0: whole, 1: scheme = '', 2: space = '', index } of text.matchAll(authorization)) {
    spans.push([index + scheme.length + space.length, index + whole.length]);
  }
  return spans;
}

/** Whether a name could be a token in the wrong place: it has a known format, or looks random. */
export function looksLikeToken(name: string): boolean {
  if (tokenSpans(name).length > 0) return true;
  const [run = ''] = /[\w+/=-]{20,}/.exec(name) ?? [];
  return /[a-z]/i.test(run) && (run.match(/\d/g) ?? []).length >= 3;
}

import { baseUrlOf } from '../../contract/base-url.js';
import { HttpClient, type HttpClientOptions } from './http-client.js';

/** What an input says about how to reach its nested server. */
interface Address {
  readonly apiUrl: string;
  readonly client?: { readonly sessionApiKey?: string | null | undefined } | undefined;
}

/** The nested server of an input. Every activity and `doctor` reach it through here. */
export function connect(
  { apiUrl, client }: Address,
  options: Omit<HttpClientOptions, 'baseUrl' | 'sessionApiKey'>,
): HttpClient {
  return new HttpClient({ ...options, baseUrl: baseUrlOf(apiUrl), sessionApiKey: client?.sessionApiKey });
}

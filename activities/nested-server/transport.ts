import http from 'node:http';
import https from 'node:https';
import axios, { type AxiosRequestConfig, type AxiosResponse } from 'axios';

/** Sends one request, and resolves with its answer, whatever the status. Redirects are not followed. */
export type Transport = (request: TransportRequest) => Promise<AxiosResponse<string>>;

export type TransportRequest = AxiosRequestConfig & { readonly method: string; readonly url: string };

/** The largest answer that is read, in bytes, decompressed: fifty events with long outputs are a tenth of it. */
export const maximumAnswerBytes = 32 * 1024 * 1024;

export function createTransport(): Transport {
  const client = axios.create({
    httpAgent: new http.Agent({ keepAlive: true }),
    httpsAgent: new https.Agent({ keepAlive: true }),
    // A proxy from the environment would see the session key; a redirect would carry it to another host.
    proxy: false,
    maxRedirects: 0,
    maxContentLength: maximumAnswerBytes,
    maxBodyLength: Number.POSITIVE_INFINITY,
    validateStatus: () => true,
    responseType: 'text',
    transformResponse: (text) => text,
  });
  return (request) => client.request(request);
}

/** A server's answer. The body is parsed if it is declared as JSON. */
export interface Reply {
  status: number;
  body: unknown;
}

/** Sends one request. A string body is sent unchanged, any other as JSON. */
export async function call(
  url: string,
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') && text !== '';
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

/** Replaces every occurrence of a text in a value, so that answers about a random id can be compared. */
export function withoutId<Value>(value: Value, id: string, name: string): Value {
  return value === undefined ? value : JSON.parse(JSON.stringify(value).replaceAll(id, name));
}

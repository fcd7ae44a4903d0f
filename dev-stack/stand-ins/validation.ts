/** One problem of a validation, in pydantic's format. */
export interface ValidationProblem {
  type: string;
  loc: (string | number)[];
  msg: string;
  input: unknown;
  ctx?: Record<string, unknown>;
}

/** Checks a value at a location. */
export type Check = (value: unknown, loc: ValidationProblem['loc']) => ValidationProblem[];

export const text: Check = (input, loc) =>
  typeof input === 'string' ? [] : [{ type: 'string_type', loc, msg: 'Input should be a valid string', input }];

export const listOf =
  (check: Check): Check =>
  (input, loc) =>
    Array.isArray(input)
      ? input.flatMap((item, index) => check(item, [...loc, index]))
      : [{ type: 'list_type', loc, msg: 'Input should be a valid list', input }];

export const orNull =
  (check: Check): Check =>
  (input, loc) =>
    input === null ? [] : check(input, loc);

export const oneOf =
  (...allowed: string[]): Check =>
  (input, loc) => {
    if (allowed.includes(input as string)) return [];
    const quoted = allowed.map((value) => `'${value}'`);
    const expected = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
    return [{ type: 'enum', loc, msg: `Input should be ${expected}`, input, ctx: { expected } }];
  };

/** Checks an object with these fields, all optional. Other fields are ignored. */
export const model =
  (fields: Record<string, Check>): Check =>
  (input, loc) => {
    if (!isRecord(input)) {
      const msg = 'Input should be a valid dictionary or object to extract fields from';
      return [{ type: 'model_attributes_type', loc, msg, input }];
    }
    return Object.entries(fields).flatMap(([name, check]) =>
      input[name] === undefined ? [] : check(input[name], [...loc, name]),
    );
  };

/** Checks an object with these fields, all optional. Other fields are refused. */
export const strictModel =
  (fields: Record<string, Check>): Check =>
  (input, loc) => {
    const known = model(fields)(input, loc);
    if (!isRecord(input)) return known;
    const extra = Object.keys(input)
      .filter((name) => !(name in fields))
      .map((name) => ({
        type: 'extra_forbidden',
        loc: [...loc, name],
        msg: 'Extra inputs are not permitted',
        input: input[name],
      }));
    return [...known, ...extra];
  };

export const anything: Check = () => [];

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** FastAPI's problems with a JSON body. Empty if it is valid. */
export function validateBody(check: Check, body: unknown, bodyIsJson: boolean): ValidationProblem[] {
  if (!bodyIsJson) {
    const ctx = { error: 'Expecting value' };
    return [{ type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error', input: {}, ctx }];
  }
  if (body === undefined || body === null) {
    return [{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }];
  }
  return check(body, ['body']);
}

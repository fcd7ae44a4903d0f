import { z } from 'zod';
import { failureDetails } from '../../contract/failure-details.js';
import { conversation } from '../../contract/input.js';

export const schemasUrl = new URL('../../../docs/schema/', import.meta.url);

const titled = (schema: z.ZodType, title: string) => z.toJSONSchema(schema.meta({ title }), { io: 'input' });

/** The contents of `docs/schema/`, by file name. */
export const schemas: ReadonlyMap<string, z.core.JSONSchema.BaseSchema> = new Map([
  ['input.json', titled(conversation, 'Input of createNestedConversation')],
  ...Object.entries(failureDetails).map(
    ([type, details]) => [`${type}.json`, titled(details, `Details of ${type}`)] as const,
  ),
]);

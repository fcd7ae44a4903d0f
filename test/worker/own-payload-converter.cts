import common = require('@temporalio/common');

/** A service's payload converter, with an encoding of its own for every value. */

const encoding = 'json/own';

class OwnConverter implements common.PayloadConverterWithEncoding {
  readonly encodingType = encoding;

  toPayload(value: unknown): common.Payload | undefined {
    if (value === undefined) return undefined;
    return {
      metadata: { encoding: new TextEncoder().encode(encoding) },
      data: new TextEncoder().encode(JSON.stringify({ value })),
    };
  }

  fromPayload<T>({ data }: common.Payload): T {
    return JSON.parse(new TextDecoder().decode(data ?? new Uint8Array())).value;
  }
}

export = {
  payloadConverter: new common.CompositePayloadConverter(
    new common.UndefinedPayloadConverter(),
    new OwnConverter(),
    new common.JsonPayloadConverter(),
  ),
};

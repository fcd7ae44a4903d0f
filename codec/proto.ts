import proto from '@temporalio/proto';

/** Temporal's protobuf messages `Payload` and `Payloads`. The package is CommonJS and can't be imported by name. */
export const { Payload: PayloadMessage, Payloads: PayloadsMessage } = proto.temporal.api.common.v1;

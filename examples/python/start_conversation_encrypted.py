"""As start_conversation.py, with everything encrypted that Temporal stores.

    PAYLOAD_ENCRYPTION_KEYS=… python start_conversation_encrypted.py conversation.json

The keys are those of the workers.
"""

import dataclasses

from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes

import start_conversation
from encryption_codec import EncryptionCodec, keys_from_environment

if __name__ == "__main__":
    encrypted = dataclasses.replace(
        DataConverter.default,
        payload_codec=EncryptionCodec(keys_from_environment()),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
    start_conversation.run(encrypted)
